import type { SkippedLine } from '#libs/domain/batch/batch.events.ts';
import type { EnqueuingCursor } from '#libs/domain/status/job-view.ts';

/** A batch on its way to the queue. */
export interface SourcedBatch {
  /** The JSON array that the handler will be sent. */
  readonly payload: Uint8Array;
  readonly itemCount: number;
  /** Where the input goes on behind it: data that JSON keeps, and that its source understands. */
  readonly position: unknown;
}

/** Lines of the input that were left out because they are no items. */
export interface SkippedLines {
  readonly skippedLineCount: number;
  /** The first of them. */
  readonly skipped: readonly SkippedLine[];
}

/** Where a source puts its batches. */
export interface BatchSink {
  /** Whoever adds waits for `room` first while this is true. */
  readonly isFull: boolean;
  /** @throws the reason of the source's signal, once that is aborted */
  room(): Promise<void>;
  add(batch: SourcedBatch): void;
  /** Tells of lines before the next batch to be added, or behind the last. */
  addSkipped(lines: SkippedLines): void;
}

/** A job's input. */
export interface BatchSource {
  /**
   * Puts every batch behind `from` into `sink`, in order, and resolves behind the last. The same
   * input gives the same batches wherever it is taken up.
   *
   * @throws Rejection when the input cannot be enqueued, however often it is tried
   * @throws InputFilesUnavailable or BlobStoreUnavailable: try again later
   */
  read(from: EnqueuingCursor, sink: BatchSink, signal: AbortSignal): Promise<void>;
}
