import { type DynamicModule, Module } from '@nestjs/common';
import type { ViewFollower } from '#libs/projection/view-follower.ts';
import { JobAnswers, type JobAnswersDeps } from './job-answers.ts';
import { Vitals } from './tell-vitals/vitals.ts';
import { RebuildProjection } from './rebuild-projection/rebuild-projection.ts';
import { StatusQueriesController, VIEW_FOLLOWER } from './status-queries.controller.ts';

export interface StatusProjectorParts extends JobAnswersDeps {
  readonly followed: ViewFollower;
  readonly vitals: Vitals;
  readonly rebuild: RebuildProjection;
}

/**
 * Keeps the status of every job.
 *
 * In: every event of the log, in order, unfiltered; for a question about an earlier moment, the log
 * again up to there. Out: status documents and lists, on request; live documents on
 * `cortex.status.<api>.<job>`; `WorkerStalled`; `LogCheckpointed`; documents of ended jobs and a snapshot
 * now and then; all of it anew when asked to. Any number of instances: each folds the whole log by
 * itself, one of them publishes and one seals.
 */
@Module({})
export class StatusProjectorModule {
  static with(parts: StatusProjectorParts): DynamicModule {
    return {
      module: StatusProjectorModule,
      controllers: [StatusQueriesController],
      providers: [
        { provide: VIEW_FOLLOWER, useValue: parts.followed },
        { provide: Vitals, useValue: parts.vitals },
        { provide: RebuildProjection, useValue: parts.rebuild },
        { provide: JobAnswers, useValue: new JobAnswers(parts) },
      ],
    };
  }
}
