import type { BatchCounts } from '#libs/domain/batch/batch-counts.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type {
  EnqueuingCompleted,
  JobCompleted,
  JobEvent,
  JobSubmitted,
} from '#libs/domain/job/job.events.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { JobPlan } from '../scenario.ts';

/**
 * What is known of one job, kept in the plainest way there is and apart from the platform's own
 * fold: the two are compared after every event.
 */
export class JobLedger {
  readonly succeeded = new Set<number>();
  readonly failed = new Set<number>();
  readonly deadLettered = new Set<number>();
  readonly failedAttempts = new Set<string>();
  /** Microseconds, by attempt. */
  private readonly durations = new Map<string, number>();
  private enqueued = 0;
  total: EnqueuingCompleted['data'] | null = null;
  isEnqueuingFailed = false;
  isStopRequested = false;
  end: JobCompleted['data'] | null = null;
  /** The scheduler whose decision that was. */
  endedBy: SimProcess | null = null;

  /** Indexes that have arrived at the queue. */
  readonly sent = new Set<number>();
  readonly handled = new Set<number>();
  /** The batch that a worker's handler has handled last, by worker. */
  readonly lastHandled = new Map<string, number>();
  /** Acknowledgements of the hook, by worker. */
  readonly hookAcknowledgements = new Map<string, number>();
  /** A scheduler has seen all of its workers lost. */
  areWorkersLost = false;

  constructor(
    readonly submitted: JobSubmitted['data'],
    readonly plan: JobPlan,
    /** By the gateway's clock, which timeouts are counted from. */
    readonly submittedAtMs: number,
  ) {}

  get batchCount(): number {
    return Math.ceil(this.plan.itemCount / this.plan.batchSizeItems);
  }

  isSettled(index: number): boolean {
    return this.succeeded.has(index) || this.failed.has(index) || this.deadLettered.has(index);
  }

  /** What is wrong with the event at this place of the lane; `null` when nothing is. */
  takeJobEvent(event: Exclude<JobEvent, JobSubmitted>): string | null {
    if (this.end !== null) return `${event.type} stands behind the end of the job`;
    switch (event.type) {
      case 'EnqueuingCompleted':
        return this.takeTotal(event.data);
      case 'EnqueuingFailed':
        if (this.total !== null || this.isEnqueuingFailed) return 'enqueuing ended twice';
        this.isEnqueuingFailed = true;
        return null;
      case 'JobStopRequested':
        if (this.isStopRequested) return 'the stop was requested twice';
        this.isStopRequested = true;
        return null;
      case 'JobCompleted':
        this.end = event.data;
        return null;
      default:
        return null;
    }
  }

  /** @returns what is wrong with it */
  takeBatchEvent(event: BatchEvent): string | null {
    if (this.end !== null || event.type === 'JobStarted' || event.type === 'LinesSkipped')
      return null;
    if (event.type === 'BatchEnqueued') return this.takeRange(event.data);
    const { index, attempt } = event.data;
    if (index >= this.batchCount) return `batch ${index} does not exist`;
    this.enqueued = Math.max(this.enqueued, index + 1);
    const key = `${index}.${attempt}`;
    if (event.type === 'BatchDeadLettered') {
      this.deadLettered.add(index);
    } else if (event.type === 'BatchSucceeded') {
      this.succeeded.add(index);
      if (!this.durations.has(key)) this.durations.set(key, event.data.durationUs);
    } else {
      this.failedAttempts.add(key);
      if (event.data.next === 'fail') this.failed.add(index);
    }
    return null;
  }

  get counts(): BatchCounts {
    const { enqueued, end } = this;
    const succeeded = this.succeeded.size;
    const deadLettered = [...this.deadLettered].filter(
      (index) => !this.succeeded.has(index),
    ).length;
    const failed = [...this.failed].filter(
      (index) => !this.succeeded.has(index) && !this.deadLettered.has(index),
    ).length;
    const unsettled = enqueued - succeeded - deadLettered - failed;
    const cancelled = end === null ? 0 : unsettled;
    return {
      enqueued,
      succeeded,
      failed,
      deadLettered,
      cancelled,
      remaining: unsettled - cancelled,
    };
  }

  get averageSeconds(): number | null {
    const { size } = this.durations;
    if (size === 0) return null;
    const sum = [...this.durations.values()].reduce((one, other) => one + other, 0);
    return sum / size / 1_000_000;
  }

  private takeTotal(data: EnqueuingCompleted['data']): string | null {
    if (this.total !== null || this.isEnqueuingFailed) return 'enqueuing ended twice';
    this.total = data;
    const { totalBatchCount, totalItemCount } = data;
    const isRight = totalBatchCount === this.batchCount && totalItemCount === this.plan.itemCount;
    return isRight ? null : `enqueuing came to ${totalBatchCount} batches, ${totalItemCount} items`;
  }

  private takeRange(data: { firstIndex: number; batchCount: number }): string | null {
    const { firstIndex, batchCount } = data;
    for (let index = firstIndex; index < firstIndex + batchCount; index++) {
      if (!this.sent.has(index)) return `batch ${index} is recorded as enqueued and was never sent`;
    }
    this.enqueued = Math.max(this.enqueued, firstIndex + batchCount);
    return null;
  }
}
