import { settledCount } from '../batch/batch-counts.ts';
import type { AbortJob } from '../job/job.commands.ts';
import type { JobView } from '../status/job-view.ts';
import type { WorkerRecord } from '../worker/worker-record.ts';

/**
 * What the scheduler owes a job now. It depends on nothing but the job's state and the time, so a
 * scheduler that has just taken over acts as the one before would have.
 */
export type NextStep =
  /** Give the job its workers (again: starting them twice changes nothing). */
  | { readonly do: 'run'; readonly deadlineMs: number | null }
  /** Keep handler calls from starting, then end the job with this status. */
  | ({ readonly do: 'abort' } & Pick<AbortJob['data'], 'status' | 'reason'>)
  /** Every batch is settled: call the completion hook until the deadline, then end the job. */
  | { readonly do: 'finish'; readonly deadlineMs: number | null }
  /** The job has ended: let go of its workers, its queue and its input. */
  | { readonly do: 'release' };

/** @param nowMs the time by the clock that stamps events, in milliseconds since the epoch */
export function nextStep(job: JobView, nowMs: number): NextStep {
  if (job.end !== null) return { do: 'release' };
  if (job.stopRequest !== null) {
    return { do: 'abort', status: 'stopped', reason: job.stopRequest.reason };
  }
  if (job.enqueuingFailure !== null) {
    return { do: 'abort', status: 'enqueue_failed', reason: job.enqueuingFailure };
  }
  if (job.total !== null && settledCount(job.batchCounts) === job.total.batchCount) {
    return { do: 'finish', deadlineMs: deadlineOf(job) };
  }
  return timedOut(job, nowMs) ?? lostWorkers(job) ?? { do: 'run', deadlineMs: deadlineOf(job) };
}

type Abort = Extract<NextStep, { do: 'abort' }>;

const deadlineOf = ({ submitted, createdAt }: JobView): number | null =>
  submitted.timeoutMs === null ? null : Date.parse(createdAt) + submitted.timeoutMs;

function timedOut({ submitted, createdAt }: JobView, nowMs: number): Abort | null {
  const { timeoutMs } = submitted;
  if (timeoutMs === null || nowMs < Date.parse(createdAt) + timeoutMs) return null;
  const message = `the job did not end within its timeout of ${timeoutMs / 1000} s`;
  return { do: 'abort', status: 'timed_out', reason: { kind: 'job.timed_out', message } };
}

/** A job with no worker left and no replacement coming cannot go on. */
function lostWorkers(job: JobView): Abort | null {
  const workers: WorkerRecord[] = [...job.workers.values()];
  if (!workers.every((worker) => worker.isLost)) return null;
  const killedByMemory = workers.find((worker) => worker.reason?.kind === 'worker.oom');
  const worst = killedByMemory ?? workers[0];
  return {
    do: 'abort',
    status: killedByMemory === undefined ? 'worker_error' : 'worker_oom',
    reason: worst?.reason ?? null,
  };
}
