import { BatchTally, type BatchTallySnapshot } from '../batch/batch-tally.ts';
import type { BatchCounts } from '../batch/batch-counts.ts';
import type { BatchEnqueued, BatchEvent } from '../batch/batch.events.ts';
import type { JobCompleted, JobEvent, JobSubmitted, Reason } from '../job/job.events.ts';
import type { JobStatusCode } from '../job/job-status-code.ts';
import type { WorkerId } from '../kernel/ids.ts';
import { workerId } from '../kernel/ids.ts';
import { RawJson } from '../kernel/raw-json.ts';
import { unreachable } from '../kernel/errors.ts';
import type { Position } from '../platform-event.ts';
import { evolveWorker, newWorkerRecord, type WorkerRecord } from '../worker/worker-record.ts';
import type { WorkerEvent } from '../worker/worker.events.ts';

/** Plain form of a `JobView`, for snapshots. */
export interface JobViewSnapshot {
  readonly submitted: Omit<JobSubmitted['data'], 'config'> & { readonly config: string | null };
  readonly createdAt: string;
  readonly position: Position;
  readonly startedAt: string | null;
  readonly end: { readonly at: string; readonly data: JobCompleted['data'] } | null;
  readonly total: EnqueuedTotal | null;
  readonly enqueuingFailure: Reason | null;
  readonly stopRequest: { readonly reason: Reason | null } | null;
  readonly isApiDeleted: boolean;
  readonly cursor: EnqueuingCursor;
  readonly workers: readonly (readonly [WorkerId, WorkerRecord])[];
  readonly batchesDone: readonly number[];
  readonly tally: BatchTallySnapshot;
}

/** What enqueuing came to. */
export interface EnqueuedTotal {
  readonly batchCount: number;
  readonly itemCount: number;
  readonly skippedLineCount: number;
}

/** How far enqueuing is known to have got. `position` is `""` at the start of the input. */
export interface EnqueuingCursor {
  readonly position: string;
  readonly batchCount: number;
  readonly itemCount: number;
  readonly skippedLineCount: number;
}

/**
 * Everything known of one job, folded from its events in log order.
 *
 * The same fold answers "now" and "as of", serves the status document and drives the scheduler.
 */
export class JobView {
  /** Of the last event that may have changed anything; 0 where nobody says. */
  position: Position = 0;
  startedAt: string | null = null;
  end: JobViewSnapshot['end'] = null;
  total: JobViewSnapshot['total'] = null;
  enqueuingFailure: Reason | null = null;
  stopRequest: JobViewSnapshot['stopRequest'] = null;
  /** The job's API was deleted before the job had ended, or even before it was submitted. */
  isApiDeleted = false;
  cursor: EnqueuingCursor = { position: '', batchCount: 0, itemCount: 0, skippedLineCount: 0 };
  readonly workers = new Map<WorkerId, WorkerRecord>();
  private tally = new BatchTally();
  /** By a worker's ordinal. */
  private batchesDone: number[];

  constructor(
    readonly submitted: JobSubmitted['data'],
    readonly createdAt: string,
  ) {
    this.batchesDone = Array.from({ length: submitted.workers }, () => 0);
    for (let ordinal = 0; ordinal < submitted.workers; ordinal++) {
      this.workers.set(workerId(ordinal), newWorkerRecord(createdAt));
    }
  }

  /** What follows the submission, which the constructor took. */
  applyJobEvent(event: Exclude<JobEvent, JobSubmitted>, at: string): void {
    if (this.end !== null) return;
    switch (event.type) {
      case 'EnqueuingCompleted':
        this.total = {
          batchCount: event.data.totalBatchCount,
          itemCount: event.data.totalItemCount,
          skippedLineCount: event.data.skippedLineCount,
        };
        return;
      case 'EnqueuingFailed':
        this.enqueuingFailure = event.data.reason;
        return;
      case 'JobStopRequested':
        this.stopRequest = { reason: event.data.reason };
        return;
      case 'JobCompleted':
        this.end = { at, data: event.data };
        this.tally.freeze();
        return;
      default:
        unreachable(event);
    }
  }

  applyBatchEvent(event: BatchEvent, at: string): void {
    if (this.end !== null) return; // Counts are final with the job's end.
    const isNewSuccess = this.tally.apply(event);
    if (event.type === 'BatchSucceeded' && isNewSuccess) this.countDone(event.data.workerId);
    if (event.type === 'JobStarted') this.startedAt ??= at;
    if (event.type === 'BatchEnqueued') this.advanceCursor(event.data);
  }

  /** Workers are followed beyond the job's end: that is when they leave. */
  applyWorkerEvent(event: WorkerEvent, at: string): void {
    const record = this.workers.get(event.data.workerId);
    if (record === undefined) return;
    this.workers.set(event.data.workerId, evolveWorker(record, event, at));
  }

  get status(): JobStatusCode {
    if (this.end !== null) return this.end.data.status;
    if (this.total !== null || this.startedAt !== null) return 'running';
    return this.cursor.batchCount > 0 ? 'enqueuing' : 'pending';
  }

  get batchCounts(): BatchCounts {
    return this.tally.batchCounts(this.end !== null);
  }

  get failedAttempts(): number {
    return this.tally.failedAttempts;
  }

  get averageSeconds(): number | null {
    return this.tally.averageSeconds;
  }

  /** Batches that a worker, with the processes before it, handled to success. */
  batchesDoneBy(id: WorkerId): number {
    return this.batchesDone[Number(id)] ?? 0;
  }

  isSettled(batchIndex: number): boolean {
    return this.tally.isSettled(batchIndex);
  }

  snapshot(): JobViewSnapshot {
    return {
      submitted: { ...this.submitted, config: this.submitted.config?.text ?? null },
      createdAt: this.createdAt,
      position: this.position,
      startedAt: this.startedAt,
      end: this.end,
      total: this.total,
      enqueuingFailure: this.enqueuingFailure,
      stopRequest: this.stopRequest,
      isApiDeleted: this.isApiDeleted,
      cursor: this.cursor,
      workers: [...this.workers],
      batchesDone: [...this.batchesDone],
      tally: this.tally.snapshot(),
    };
  }

  static restore(snapshot: JobViewSnapshot): JobView {
    const { submitted, createdAt } = snapshot;
    const config = submitted.config === null ? null : new RawJson(submitted.config);
    const view = new JobView({ ...submitted, config }, createdAt); // Its members stay in their order.
    view.position = snapshot.position;
    view.startedAt = snapshot.startedAt;
    view.end = snapshot.end;
    view.total = snapshot.total;
    view.enqueuingFailure = snapshot.enqueuingFailure;
    view.stopRequest = snapshot.stopRequest;
    view.isApiDeleted = snapshot.isApiDeleted;
    view.cursor = snapshot.cursor;
    for (const [id, record] of snapshot.workers) view.workers.set(id, record);
    view.batchesDone = [...snapshot.batchesDone];
    view.tally = BatchTally.restore(snapshot.tally);
    return view;
  }

  private countDone(id: WorkerId): void {
    if (this.workers.has(id)) this.batchesDone[Number(id)] = this.batchesDoneBy(id) + 1;
  }

  private advanceCursor(range: BatchEnqueued['data']): void {
    const batchCount = range.firstIndex + range.batchCount;
    if (batchCount <= this.cursor.batchCount) return;
    // All batches but the job's last are full, so nothing is summed: ranges may repeat and overlap.
    const itemCount = range.firstIndex * this.submitted.source.batchSizeItems + range.itemCount;
    const { cursor: position, skippedLineCount } = range;
    this.cursor = { position, batchCount, itemCount, skippedLineCount };
  }
}
