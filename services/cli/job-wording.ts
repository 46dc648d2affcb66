import type { JobStatus, WorkerCounts } from '#libs/client/gateway-documents.ts';
import type { JobStatusCode } from '#libs/domain/job/job-status-code.ts';
import { preciseDuration } from './time-format.ts';

const WORDS: Partial<Record<JobStatusCode, string>> = {
  enqueue_failed: 'failed while enqueuing',
  completed_with_failures: 'completed with failures',
  unexpected_error: 'unexpected error',
  worker_error: 'worker error',
  worker_oom: 'out of memory',
  timed_out: 'timed out',
};

/** The status as people read it. */
export const statusWords = (status: JobStatusCode): string => WORDS[status] ?? status;

/** Batches that have an outcome of their own; those that the job's end cancelled have none. */
export const settledCount = ({ batch_counts }: JobStatus): number =>
  batch_counts.enqueued - batch_counts.remaining - batch_counts.cancelled;

/** Batches of the job as far as is known: all of them once enqueuing is done. */
export const knownBatchCount = (job: JobStatus): number =>
  job.total_batch_count ?? job.batch_counts.enqueued;

/** States that some worker is in: `2 initializing, 2 running`. */
export function workersInWords(counts: WorkerCounts): string {
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  return present.map(([state, count]) => `${count} ${state}`).join(', ');
}

/** How an ended job ended, in one line; further lines say why where the gateway knows. */
export function outcomeLines(job: JobStatus): string[] {
  const { batch_counts: counts, end_time: end, reason, completion_hook: hook } = job;
  const bad = [
    [counts.failed, 'failed'] as const,
    [counts.dead_lettered, 'dead-lettered'] as const,
    [counts.cancelled, 'cancelled'] as const,
  ].flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []));
  const batches = `${counts.succeeded} of ${knownBatchCount(job)} batches succeeded`;
  const durationMs = Date.parse(end ?? job.created_time) - Date.parse(job.created_time);
  const summary = [batches, ...bad].join(', ');
  return [
    `${job.job_id} ${statusWords(job.status)}: ${summary}, in ${preciseDuration(durationMs)}`,
    ...(reason === undefined ? [] : [`reason: ${reason.message}`]),
    ...(hook?.result === 'failed' ? [hookLine(hook)] : []),
  ];
}

const hookLine = ({ attempts, message }: NonNullable<JobStatus['completion_hook']>): string =>
  `on-job-complete failed (attempts: ${attempts})${message === null ? '' : `: ${message}`}`;
