import type { BatchEvent } from './batch.events.ts';
import { unreachable } from '../kernel/errors.ts';
import { Bitmap } from './bitmap.ts';

/** What became of a batch, as users see it; `remaining` while it is not settled. */
export const BATCH_OUTCOMES = [
  'succeeded',
  'failed',
  'dead_lettered',
  'cancelled',
  'remaining',
] as const;
export type BatchOutcome = (typeof BATCH_OUTCOMES)[number];

/**
 * The outcome of each batch of a job, by the rules of `BatchTally`, which only counts: this one is for
 * looking back, also at a job that has ended. One bit per batch and rung.
 */
export class BatchOutcomes {
  /** Batches that are known of. */
  batchCount = 0;
  private hasEnded = false;
  private readonly succeeded = new Bitmap();
  private readonly failed = new Bitmap();
  private readonly deadLettered = new Bitmap();

  /** Facts behind the job's end change nothing. */
  apply(event: BatchEvent): void {
    if (this.hasEnded) return;
    switch (event.type) {
      case 'BatchEnqueued':
        return this.extendTo(event.data.firstIndex + event.data.batchCount);
      case 'BatchSucceeded':
        this.extendTo(event.data.index + 1);
        this.succeeded.add(event.data.index);
        return;
      case 'BatchFailed':
        this.extendTo(event.data.index + 1);
        if (event.data.next === 'fail') this.failed.add(event.data.index);
        return;
      case 'BatchDeadLettered':
        this.extendTo(event.data.index + 1);
        this.deadLettered.add(event.data.index);
        return;
      case 'JobStarted':
      case 'LinesSkipped':
        return;
      default:
        unreachable(event);
    }
  }

  /** The job has ended: what is not settled is cancelled. */
  end(): void {
    this.hasEnded = true;
  }

  outcomeOf(index: number): BatchOutcome {
    if (this.succeeded.has(index)) return 'succeeded';
    if (this.deadLettered.has(index)) return 'dead_lettered';
    if (this.failed.has(index)) return 'failed';
    return this.hasEnded ? 'cancelled' : 'remaining';
  }

  private extendTo(batchCount: number): void {
    this.batchCount = Math.max(this.batchCount, batchCount);
  }
}
