import { type DynamicModule, Module } from '@nestjs/common';
import type { ViewFollower } from '#libs/projection/view-follower.ts';
import { StatusQueriesController, VIEW_FOLLOWER } from './status-queries.controller.ts';

/**
 * Keeps the status of every job.
 *
 * In: every event of the log, in order, unfiltered. Out: status documents and lists, on request;
 * a snapshot now and then. Any number of instances: each folds the whole log by itself.
 */
@Module({})
export class StatusProjectorModule {
  static with(follower: ViewFollower): DynamicModule {
    return {
      module: StatusProjectorModule,
      controllers: [StatusQueriesController],
      providers: [{ provide: VIEW_FOLLOWER, useValue: follower }],
    };
  }
}
