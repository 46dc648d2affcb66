/**
 * How many batches of a job are in which state, each batch in exactly one. At every event:
 * `succeeded + failed + deadLettered + cancelled + remaining = enqueued`.
 */
export interface BatchCounts {
  readonly enqueued: number;
  readonly succeeded: number;
  /** Failed for good. */
  readonly failed: number;
  readonly deadLettered: number;
  /** Unsettled when the job ended. */
  readonly cancelled: number;
  /** On the queue or in a worker's hands. */
  readonly remaining: number;
}

/** Batches whose outcome is final. */
export const settledCount = (
  counts: Pick<BatchCounts, 'succeeded' | 'failed' | 'deadLettered'>,
): number => counts.succeeded + counts.failed + counts.deadLettered;
