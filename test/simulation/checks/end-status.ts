import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { JobLedger } from './job-ledger.ts';

/** What is wrong with the way in which a job has ended; `null` when it is what it has to be. */
export function endStatusProblem(
  job: JobLedger,
  { nowMs, areClocksRight }: { readonly nowMs: number; readonly areClocksRight: boolean },
): string | null {
  if (job.end === null) return 'the job has not ended';
  const { status, completionHook } = job.end;
  if (job.isStopRequested !== (status === 'stopped')) {
    return `the job was ${job.isStopRequested ? '' : 'not '}asked to stop and ended ${status}`;
  }
  const { succeeded, remaining, cancelled } = job.counts;
  const isFinished = status === 'succeeded' || status === 'completed_with_failures';
  if (isFinished !== (completionHook !== null) && status !== 'stopped') {
    return `the job ended ${status} with hook ${completionHook?.result ?? 'not called'}`;
  }
  switch (status) {
    case 'succeeded':
      return succeeded === job.batchCount ? null : `succeeded with ${succeeded} batches`;
    case 'completed_with_failures': {
      // A batch that was given up on may yet succeed between the decision and its record.
      const hadFailures = job.failed.size + job.deadLettered.size > 0;
      const isLegal = job.total !== null && remaining + cancelled === 0 && hadFailures;
      return isLegal ? null : 'completed with failures, and without any or unsettled';
    }
    case 'stopped':
      return null;
    case 'timed_out': {
      const { timeoutMs } = job.plan;
      const tookMs = nowMs - job.submittedAtMs;
      const isTime = timeoutMs !== null && (!areClocksRight || tookMs >= timeoutMs);
      return isTime ? null : `timed out after ${tookMs} ms of ${timeoutMs}`;
    }
    case 'worker_error':
      return job.areWorkersLost ? null : 'ended for want of workers, and had some';
    case 'enqueue_failed':
    case 'worker_oom':
    case 'unexpected_error':
      return `ended ${status}: ${JSON.stringify(job.end.reason)}`;
    default:
      return unreachable(status);
  }
}
