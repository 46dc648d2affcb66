import { type DynamicModule, Module } from '@nestjs/common';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { ViewFollower } from '#libs/projection/view-follower.ts';
import { JobAnswers } from './job-answers.ts';
import { PastViews, type PastViewsDeps } from './past-views.ts';
import { Vitals } from './tell-vitals/vitals.ts';
import { StatusQueriesController, VIEW_FOLLOWER } from './status-queries.controller.ts';

export interface StatusProjectorParts extends PastViewsDeps {
  readonly follower: ViewFollower;
  /** The rule as of the time it is asked for. */
  readonly stalledRule: () => StalledRule;
  readonly vitals: Vitals;
}

/**
 * Keeps the status of every job.
 *
 * In: every event of the log, in order, unfiltered; for a question about an earlier moment, the log
 * again up to there. Out: status documents and lists, on request; live documents on
 * `cortex.status.<api>.<job>`; `WorkerStalled`; `LogCheckpointed`; a snapshot now and then. Any number of instances:
 * each folds the whole log by itself, one of them publishes and one seals.
 */
@Module({})
export class StatusProjectorModule {
  static with({ follower, stalledRule, vitals, ...deps }: StatusProjectorParts): DynamicModule {
    const present = async () => {
      await follower.caughtUp();
      return follower.view;
    };
    return {
      module: StatusProjectorModule,
      controllers: [StatusQueriesController],
      providers: [
        { provide: VIEW_FOLLOWER, useValue: follower },
        { provide: Vitals, useValue: vitals },
        {
          provide: JobAnswers,
          useValue: new JobAnswers(new PastViews(deps), present, stalledRule),
        },
      ],
    };
  }
}
