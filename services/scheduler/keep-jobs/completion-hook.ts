import type { BatchCounts } from '#libs/domain/batch/batch-counts.ts';
import type { CompletionHookOutcome } from '#libs/domain/job/job.events.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { type Compute, type HookResponse, NoLiveWorker } from '#libs/compute/compute.port.ts';
import { pause } from '#libs/platform/pause.ts';

/** Calls that a handler may answer badly before the job completes without its hook. */
const ATTEMPTS_MAX = 3;
const RETRY_MS = 1000;
/** How soon to look again for a live worker while one is being replaced. */
const WORKER_POLL_MS = 100;
const NOT_FOUND = 404;
const METHOD_NOT_ALLOWED = 405;

export interface HookCall {
  readonly jobId: JobId;
  readonly counts: BatchCounts;
  /** Whether a worker is there or will be. */
  hasWorkers(): boolean;
}

/**
 * Has one live worker call `/on-job-complete` until the handler has acknowledged it.
 *
 * A worker that dies during the call does not use up an attempt: whether the handler saw the call
 * is not known, so another worker calls again.
 *
 * @param signal gives up; the outcome is then `failed`
 */
export async function callCompletionHook(
  compute: Pick<Compute, 'callCompletionHook'>,
  call: HookCall,
  signal: AbortSignal,
): Promise<CompletionHookOutcome> {
  const body = hookBody(call.counts);
  let attempts = 0;
  let message = 'no worker was left to call it';
  while (!signal.aborted && attempts < ATTEMPTS_MAX && call.hasWorkers()) {
    const response = await answerOf(compute, call.jobId, body, signal);
    if (response === null) {
      await pause(WORKER_POLL_MS, signal);
      continue;
    }
    attempts += 1;
    const outcome = outcomeOf(response);
    if (outcome !== null) return { ...outcome, attempts };
    message = response.message;
    if (attempts < ATTEMPTS_MAX) await pause(RETRY_MS, signal);
  }
  return { result: 'failed', attempts, message: signal.aborted ? 'given up' : message };
}

/** `null` when no worker was there, or when it died before the handler answered. */
async function answerOf(
  compute: Pick<Compute, 'callCompletionHook'>,
  jobId: JobId,
  body: string,
  signal: AbortSignal,
): Promise<HookResponse | null> {
  try {
    return await compute.callCompletionHook(jobId, body, signal);
  } catch (error) {
    if (error instanceof NoLiveWorker || signal.aborted) return null;
    throw error;
  }
}

function outcomeOf({ status }: HookResponse): Omit<CompletionHookOutcome, 'attempts'> | null {
  if (status === 200) return { result: 'succeeded', message: null };
  if (status === NOT_FOUND || status === METHOD_NOT_ALLOWED) {
    return { result: 'absent', message: null };
  }
  return null;
}

const hookBody = ({ succeeded, failed, deadLettered, enqueued }: BatchCounts): string =>
  JSON.stringify({
    message: 'job_complete',
    total_batch_count: enqueued,
    succeeded,
    failed,
    dead_lettered: deadLettered,
  });
