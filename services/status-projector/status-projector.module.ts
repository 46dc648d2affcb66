import { type DynamicModule, Module } from '@nestjs/common';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { ViewFollower } from '#libs/projection/view-follower.ts';
import {
  STALLED_RULE,
  StatusQueriesController,
  VIEW_FOLLOWER,
} from './status-queries.controller.ts';

/**
 * Keeps the status of every job.
 *
 * In: every event of the log, in order, unfiltered. Out: status documents and lists, on request; live
 * documents on `cortex.status.<api>.<job>`; `WorkerStalled`; a snapshot now and then. Any number of instances:
 * each folds the whole log by itself, one of them publishes.
 */
@Module({})
export class StatusProjectorModule {
  /** @param stalledRule the rule as of the time it is asked for */
  static with(follower: ViewFollower, stalledRule: () => StalledRule): DynamicModule {
    return {
      module: StatusProjectorModule,
      controllers: [StatusQueriesController],
      providers: [
        { provide: VIEW_FOLLOWER, useValue: follower },
        { provide: STALLED_RULE, useValue: stalledRule },
      ],
    };
  }
}
