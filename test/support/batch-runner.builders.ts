import { workerId } from '#libs/domain/kernel/ids.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import {
  BatchRunner,
  type BatchRunnerDeps,
  type RunnerAssignment,
} from '../../services/worker/run-batches/batch-runner.ts';

type GivenDeps = Pick<BatchRunnerDeps, 'queue' | 'store' | 'leaseMs'> & Partial<BatchRunnerDeps>;
type GivenAssignment = Pick<RunnerAssignment, 'apiName' | 'jobId' | 'handlerPort'> &
  Partial<RunnerAssignment>;

/** A runner of the only worker of a job without dead letters, whose handler lives and is ready, unless given otherwise. */
export const aBatchRunner = (deps: GivenDeps, assignment: GivenAssignment): BatchRunner =>
  new BatchRunner(
    {
      clock: systemClock,
      logger: silentLogger,
      handlerHasDied: () => Promise.resolve(false),
      handlerIsReady: () => Promise.resolve(),
      ...deps,
    },
    { workerId: workerId(0), traceparent: null, deadLetterQueue: null, ...assignment },
  );
