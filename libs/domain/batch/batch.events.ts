import type { Event } from '../kernel/decider.ts';
import type { JobId, WorkerId } from '../kernel/ids.ts';
import type { Reason } from '../job/job.events.ts';

/** The queue acknowledged a send: batches `firstIndex` to `firstIndex + batchCount - 1` are on it. */
export type BatchEnqueued = Event<
  'BatchEnqueued',
  {
    readonly jobId: JobId;
    readonly firstIndex: number;
    readonly batchCount: number;
    readonly itemCount: number;
    /** Where in the input the next batch starts; opaque to everyone but the source's reader. */
    readonly cursor: string;
    /** Lines left out so far, from the start of the input to `cursor`. */
    readonly skippedLineCount: number;
  }
>;

/** A line that was left out of the job because it is not JSON. */
export interface SkippedLine {
  /** `s3://bucket/key`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Of the first byte that is wrong, from the start of the (unpacked) file. */
  readonly byteOffset: number;
  readonly message: string;
}

/** Lines were left out, because the submission says `on_error: "skip"`. For people; counts are in `BatchEnqueued`. */
export type LinesSkipped = Event<
  'LinesSkipped',
  {
    readonly jobId: JobId;
    /** How many lines of the job were left out before these. */
    readonly firstSkipped: number;
    readonly lineCount: number;
    /** The first of them, at most 100. */
    readonly lines: readonly SkippedLine[];
  }
>;

/** The first batch of the job is in a worker's hands. Later ones of the same job say nothing new. */
export type JobStarted = Event<
  'JobStarted',
  { readonly jobId: JobId; readonly workerId: WorkerId }
>;

/** The handler answered 200. The batch is settled. */
export type BatchSucceeded = Event<
  'BatchSucceeded',
  {
    readonly jobId: JobId;
    readonly index: number;
    /** How often the batch was handed to a worker, this time included. */
    readonly attempt: number;
    readonly workerId: WorkerId;
    /** Time of the handler call, in whole microseconds: integers add up the same in any order. */
    readonly durationUs: number;
  }
>;

/** One attempt failed. `next` says what becomes of the batch; `fail` settles it. */
export type BatchFailed = Event<
  'BatchFailed',
  {
    readonly jobId: JobId;
    readonly index: number;
    readonly attempt: number;
    readonly workerId: WorkerId;
    readonly durationUs: number;
    readonly reason: Reason;
    readonly next: 'retry' | 'fail' | 'dead-letter';
  }
>;

/** The batch is in the dead-letter queue with its payload. The batch is settled. */
export type BatchDeadLettered = Event<
  'BatchDeadLettered',
  {
    readonly jobId: JobId;
    readonly index: number;
    readonly attempt: number;
    readonly reason: Reason;
  }
>;

export type BatchEvent =
  BatchEnqueued | LinesSkipped | JobStarted | BatchSucceeded | BatchFailed | BatchDeadLettered;
