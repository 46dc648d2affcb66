import type { DeadLetter, LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { afterFailure, lostBatchReason } from '#libs/domain/batch/retry-policy.ts';
import type { DeadLetterQueue, Reason } from '#libs/domain/job/job.events.ts';
import { invariant } from '#libs/domain/kernel/errors.ts';
import type { JobId, WorkerId } from '#libs/domain/kernel/ids.ts';

/** What is recorded of a batch that ran, and what the queue is told once that is stored. */
export interface Outcome {
  readonly batch: LeasedBatch;
  readonly events: readonly BatchEvent[];
  /** When the batch is offered again; `null`: it is settled and leaves the queue. */
  readonly offerAgainAfterMs: number | null;
  /** Put into the dead-letter queue before anything is recorded. */
  readonly deadLetter: DeadLetter | null;
}

/** Who ran a batch. */
export interface Runner {
  readonly jobId: JobId;
  readonly workerId: WorkerId;
  readonly deadLetterQueue: DeadLetterQueue | null;
}

export function succeeded(
  { jobId, workerId }: Runner,
  batch: LeasedBatch,
  durationUs: number,
): Outcome {
  const { index, attempt } = batch;
  const data = { jobId, index, attempt, workerId, durationUs };
  return {
    batch,
    events: [{ type: 'BatchSucceeded', data }],
    offerAgainAfterMs: null,
    deadLetter: null,
  };
}

export function failed(
  { jobId, workerId, deadLetterQueue }: Runner,
  batch: LeasedBatch,
  { durationUs, reason }: { readonly durationUs: number; readonly reason: Reason },
): Outcome {
  const { index, attempt, payload } = batch;
  const verdict = afterFailure(deadLetterQueue?.receiveCountMax ?? null, attempt);
  const { next } = verdict;
  const failure: BatchEvent = {
    type: 'BatchFailed',
    data: { jobId, index, attempt, workerId, durationUs, reason, next },
  };
  const offerAgainAfterMs = verdict.next === 'retry' ? verdict.delayMs : null;
  if (next !== 'dead-letter') {
    return { batch, events: [failure], offerAgainAfterMs, deadLetter: null };
  }
  const deadLetter = { index, attempt, payload, reason };
  return {
    batch,
    events: [failure, deadLettered(jobId, deadLetter)],
    offerAgainAfterMs,
    deadLetter,
  };
}

/**
 * A batch whose last attempt nobody told the outcome of. That attempt, the `receiveCountMax`-th, is
 * the one that is recorded, whichever worker finds the batch, and however often.
 */
export function lost({ jobId, deadLetterQueue }: Runner, batch: LeasedBatch): Outcome {
  invariant(deadLetterQueue !== null, 'batches are lost where their attempts are counted');
  const { receiveCountMax } = deadLetterQueue;
  const { index, payload } = batch;
  const reason = lostBatchReason(receiveCountMax);
  const deadLetter = { index, attempt: receiveCountMax, payload, reason };
  return { batch, events: [deadLettered(jobId, deadLetter)], offerAgainAfterMs: null, deadLetter };
}

const deadLettered = (jobId: JobId, { index, attempt, reason }: DeadLetter): BatchEvent => ({
  type: 'BatchDeadLettered',
  data: { jobId, index, attempt, reason },
});

/** Kinds and wording are the original's, which users' tools may match on. */
export const badStatusReason = (status: number): Reason => ({
  kind: 'dequeuer.user_container_response_status_code',
  message: `invalid response from user container; got status code ${status}, expected status code 200`,
});

export const unreachableReason = (problem: string): Reason => ({
  kind: 'dequeuer.user_container_not_reachable',
  message: `user container not reachable: ${problem}`,
});
