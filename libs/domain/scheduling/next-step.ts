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
  if (job.isApiDeleted) return apiDeleted(job);
  if (job.enqueuingFailure !== null) {
    return { do: 'abort', status: 'enqueue_failed', reason: job.enqueuingFailure };
  }
  if (job.total !== null && settledCount(job.batchCounts) === job.total.batchCount) {
    return { do: 'finish', deadlineMs: deadlineOf(job) };
  }
  return timedOut(job, nowMs) ?? lostWorkers(job) ?? { do: 'run', deadlineMs: deadlineOf(job) };
}

type Abort = Extract<NextStep, { do: 'abort' }>;

/** Whoever deletes an API stops its jobs; but not one that was submitted meanwhile. */
const apiDeleted = ({ submitted: { apiName } }: JobView): Abort => ({
  do: 'abort',
  status: 'stopped',
  reason: { kind: 'api.deleted', message: `the API ${apiName} was deleted` },
});

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
  const killedByMemory = workers.filter((worker) => worker.reason?.kind === 'worker.oom');
  if (killedByMemory.length === 0) return abortFor('worker_error', workers);
  return abortFor('worker_oom', killedByMemory);
}

/** Where workers were lost for several reasons, the last one is the one that the job ended for. */
function abortFor(status: Abort['status'], workers: readonly WorkerRecord[]): Abort {
  const withReason = workers.filter(({ reason }) => reason !== null);
  const last = withReason.reduce<WorkerRecord | null>(
    (latest, worker) => (latest !== null && worker.since < latest.since ? latest : worker),
    null,
  );
  return { do: 'abort', status, reason: last?.reason ?? null };
}
