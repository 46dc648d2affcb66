import { unreachable } from '../kernel/errors.ts';
import { AttemptSet, type AttemptSetSnapshot } from './attempt-set.ts';
import type { BatchCounts } from './batch-counts.ts';
import type { BatchEvent, BatchSucceeded } from './batch.events.ts';
import { Bitmap } from './bitmap.ts';

/** Plain form of a `BatchTally`, for snapshots. */
export interface BatchTallySnapshot {
  readonly enqueued: number;
  readonly counts: { succeeded: number; failed: number; deadLettered: number };
  readonly succeededAttempts: number;
  readonly failedAttempts: number;
  readonly durationUsTotal: number;
  readonly succeeded: AttemptSetSnapshot;
  readonly failed: string;
  readonly deadLettered: string;
  readonly attemptsFailed: AttemptSetSnapshot;
}

/**
 * What became of a job's batches, counted exactly.
 *
 * Each batch climbs a ladder, unsettled < failed < dead-lettered < succeeded, and never descends:
 * so facts that arrive twice, late or in another order give the same counts. Attempts are counted by
 * (batch, attempt). It costs one bit per batch and rung, allocated when a rung is first reached, and
 * is updated in place: a copy per fact would cost the size of the job.
 */
export class BatchTally {
  private enqueued = 0;
  private counts = { succeeded: 0, failed: 0, deadLettered: 0 };
  private succeededAttemptCount = 0;
  private failedAttemptCount = 0;
  private durationUsTotal = 0;
  private succeeded = new AttemptSet();
  private failed = new Bitmap();
  private deadLettered = new Bitmap();
  private attemptsFailed = new AttemptSet();

  /** @returns whether a successful attempt was counted that was not before */
  apply(event: BatchEvent): boolean {
    switch (event.type) {
      case 'BatchEnqueued':
        // One enqueuer sends in order from 0, so the end of the furthest range is the count.
        this.extendTo(event.data.firstIndex + event.data.batchCount);
        return false;
      case 'JobStarted':
      case 'LinesSkipped':
        return false;
      case 'BatchSucceeded':
        return this.addSuccess(event.data);
      case 'BatchFailed':
        this.addFailedAttempt(event.data.index, event.data.attempt);
        if (event.data.next === 'fail') this.addFailure(event.data.index);
        return false;
      case 'BatchDeadLettered':
        this.addDeadLetter(event.data.index);
        return false;
      default:
        return unreachable(event);
    }
  }

  /** @param hasEnded in a job that has ended, what is not settled is cancelled */
  batchCounts(hasEnded: boolean): BatchCounts {
    const { succeeded, failed, deadLettered } = this.counts;
    const unsettled = this.enqueued - succeeded - failed - deadLettered;
    return {
      enqueued: this.enqueued,
      succeeded,
      failed,
      deadLettered,
      cancelled: hasEnded ? unsettled : 0,
      remaining: hasEnded ? 0 : unsettled,
    };
  }

  /** Failed attempts, each (batch, attempt) once. */
  get failedAttempts(): number {
    return this.failedAttemptCount;
  }

  /**
   * Mean handler time of successful attempts in seconds; `null` before the first. A batch that two
   * workers ran to success counts with both times: which came first must not matter.
   */
  get averageSeconds(): number | null {
    const attempts = this.succeededAttemptCount;
    return attempts === 0 ? null : this.durationUsTotal / attempts / 1_000_000;
  }

  isSettled(index: number): boolean {
    return this.succeeded.hasBatch(index) || this.failed.has(index) || this.deadLettered.has(index);
  }

  /** Forgets which batch is which and keeps the counts: an ended job takes no more facts. */
  freeze(): void {
    this.succeeded.clear();
    this.failed = new Bitmap();
    this.deadLettered = new Bitmap();
    this.attemptsFailed.clear();
  }

  snapshot(): BatchTallySnapshot {
    return {
      enqueued: this.enqueued,
      counts: { ...this.counts },
      succeededAttempts: this.succeededAttemptCount,
      failedAttempts: this.failedAttemptCount,
      durationUsTotal: this.durationUsTotal,
      succeeded: this.succeeded.snapshot(),
      failed: this.failed.encode(),
      deadLettered: this.deadLettered.encode(),
      attemptsFailed: this.attemptsFailed.snapshot(),
    };
  }

  static restore(snapshot: BatchTallySnapshot): BatchTally {
    const tally = new BatchTally();
    tally.enqueued = snapshot.enqueued;
    tally.counts = { ...snapshot.counts };
    tally.succeededAttemptCount = snapshot.succeededAttempts;
    tally.failedAttemptCount = snapshot.failedAttempts;
    tally.durationUsTotal = snapshot.durationUsTotal;
    tally.succeeded = AttemptSet.restore(snapshot.succeeded);
    tally.failed = Bitmap.decode(snapshot.failed);
    tally.deadLettered = Bitmap.decode(snapshot.deadLettered);
    tally.attemptsFailed = AttemptSet.restore(snapshot.attemptsFailed);
    return tally;
  }

  /** A worker may report a batch before the enqueuer recorded its send; it was enqueued all the same. */
  private extendTo(batchCount: number): void {
    this.enqueued = Math.max(this.enqueued, batchCount);
  }

  private addSuccess({ index, attempt, durationUs }: BatchSucceeded['data']): boolean {
    this.extendTo(index + 1);
    const isFirst = !this.succeeded.hasBatch(index);
    if (!this.succeeded.add(index, attempt)) return false;
    this.succeededAttemptCount += 1;
    this.durationUsTotal += durationUs;
    if (!isFirst) return true;
    if (this.deadLettered.has(index)) this.counts.deadLettered -= 1;
    else if (this.failed.has(index)) this.counts.failed -= 1;
    this.counts.succeeded += 1;
    return true;
  }

  private addDeadLetter(index: number): void {
    this.extendTo(index + 1);
    if (!this.deadLettered.add(index) || this.succeeded.hasBatch(index)) return;
    if (this.failed.has(index)) this.counts.failed -= 1;
    this.counts.deadLettered += 1;
  }

  private addFailure(index: number): void {
    if (!this.failed.add(index)) return;
    if (this.succeeded.hasBatch(index) || this.deadLettered.has(index)) return;
    this.counts.failed += 1;
  }

  private addFailedAttempt(index: number, attempt: number): void {
    this.extendTo(index + 1);
    if (this.attemptsFailed.add(index, attempt)) this.failedAttemptCount += 1;
  }
}
