import type { LinesSkipped } from '#libs/domain/batch/batch.events.ts';
import type { EnqueuingCursor } from '#libs/domain/status/job-view.ts';
import type { BatchSink, BatchSource, SkippedLines, SourcedBatch } from './batch-source.ts';

/** Batches that are sent, and recorded as sent, together. None in what follows the last of them. */
export interface BatchChunk {
  readonly firstIndex: number;
  readonly batches: readonly SourcedBatch[];
  readonly itemCount: number;
  /** Cursor behind the last batch: where enqueuing goes on after a crash. */
  readonly cursor: string;
  /** Of the whole input up to the cursor. */
  readonly skippedLineCount: number;
  /** Lines left out since the chunk before; `null` when there are none. */
  readonly skipped: Omit<LinesSkipped['data'], 'jobId'> | null;
}

/**
 * One event per 2,000 batches keeps the log small beside the outcomes; 4 MiB bounds the memory of a
 * chunk of large batches.
 */
const CHUNK_BATCHES_MAX = 2000;
const CHUNK_BYTES_MAX = 4 * 1024 * 1024;
/** So often a chunk may go that is not full: workers wait no longer, and ten events a second are few. */
const CHUNK_INTERVAL_MS = 100;
/** What one event about skipped lines may hold. */
const SKIPPED_DETAIL_MAX = 100;

/** Groups consecutive batches into chunks, while the chunk before is being sent. */
export class ChunkBuffer implements BatchSink {
  private firstIndex: number;
  private pending: SourcedBatch[] = [];
  private pendingBytes = 0;
  private skippedLineCount: number;
  private skipped: SkippedLines | null = null;
  /** Behind the last batch, so not of its chunk: enqueuing that goes on there meets them again. */
  private skippedBehind: SkippedLines | null = null;
  private end: { readonly error: unknown } | 'read' | null = null;
  private lastTakenAtMs = -Infinity;
  private roomListener = Promise.withResolvers<void>();
  private changeListener: () => void = () => {};

  /** @param signal ends whoever waits for room */
  constructor(
    private readonly from: EnqueuingCursor,
    private readonly signal: AbortSignal,
  ) {
    this.firstIndex = from.batchCount;
    this.skippedLineCount = from.skippedLineCount;
    signal.addEventListener('abort', () => this.roomListener.resolve(), { once: true });
  }

  /** Lets `source` put all its batches here. Never rejects: `take` says how it went. */
  async fillFrom(source: BatchSource): Promise<void> {
    try {
      await source.read(this.from, this, this.signal);
      this.end = 'read';
    } catch (error) {
      this.end = { error };
    }
    this.changeListener();
  }

  get isFull(): boolean {
    return this.pending.length >= CHUNK_BATCHES_MAX || this.pendingBytes >= CHUNK_BYTES_MAX;
  }

  async room(): Promise<void> {
    this.signal.throwIfAborted();
    if (this.isFull) await this.roomListener.promise;
    // A turn later, so that what was taken is sent before more is made.
    await new Promise((resolve) => setImmediate(resolve));
    this.signal.throwIfAborted();
  }

  add(batch: SourcedBatch): void {
    this.pending.push(batch);
    if (this.skippedBehind !== null) this.skipped = joined(this.skipped, this.skippedBehind);
    this.skippedBehind = null;
    this.pendingBytes += batch.payload.length;
    if (this.pending.length === 1 || this.isFull) this.changeListener();
  }

  addSkipped(lines: SkippedLines): void {
    this.skippedBehind = joined(this.skippedBehind, lines);
  }

  /** Whether the source was read to its end and everything was taken. */
  get isDrained(): boolean {
    return this.end === 'read' && this.isEmpty;
  }

  /** How many lines were left out of what was taken, from the start of the input. */
  get takenSkippedLineCount(): number {
    return this.skippedLineCount;
  }

  /**
   * Waits for a chunk: a full one, or what there is when the last was taken a while ago.
   *
   * @returns `null` when there is none within `waitMs`, or none any more
   * @throws what the source threw; what is left of its batches is dropped
   */
  async take(waitMs: number): Promise<BatchChunk | null> {
    const givesUpAtMs = performance.now() + waitMs;
    for (;;) {
      if (this.end !== null && this.end !== 'read') throw this.end.error;
      const nowMs = performance.now();
      const isDueAtMs = this.lastTakenAtMs + CHUNK_INTERVAL_MS;
      const isDue = this.isFull || this.end !== null || isDueAtMs <= nowMs;
      if (isDue && (this.pending.length > 0 || this.end !== null))
        return this.isEmpty ? null : this.takeChunk(nowMs);
      if (givesUpAtMs <= nowMs) return null;
      const wakesAtMs = this.pending.length > 0 ? Math.min(isDueAtMs, givesUpAtMs) : givesUpAtMs;
      await this.changed(wakesAtMs - nowMs);
    }
  }

  private get isEmpty(): boolean {
    return this.pending.length === 0 && this.skippedBehind === null;
  }

  private takeChunk(nowMs: number): BatchChunk {
    const { pending, firstIndex, skippedLineCount: firstSkipped } = this;
    const isLast = pending.length === 0;
    const skipped = isLast ? this.skippedBehind : this.skipped;
    const lineCount = skipped?.skippedLineCount ?? 0;
    this.firstIndex += pending.length;
    this.skippedLineCount += lineCount;
    this.pending = [];
    this.pendingBytes = 0;
    this.skipped = null;
    if (isLast) this.skippedBehind = null;
    this.lastTakenAtMs = nowMs;
    this.roomListener.resolve();
    this.roomListener = Promise.withResolvers<void>();
    return {
      firstIndex,
      batches: pending,
      itemCount: pending.reduce((sum, batch) => sum + batch.itemCount, 0),
      cursor: JSON.stringify(pending.at(-1)?.position ?? null),
      skippedLineCount: this.skippedLineCount,
      skipped: skipped === null ? null : { firstSkipped, lineCount, lines: skipped.skipped },
    };
  }

  /** Resolves when there is something to take that was not, or after `ms`. */
  private changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.changeListener = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.changeListener = done;
    });
  }
}

const joined = (before: SkippedLines | null, lines: SkippedLines): SkippedLines => ({
  skippedLineCount: (before?.skippedLineCount ?? 0) + lines.skippedLineCount,
  skipped: [...(before?.skipped ?? []), ...lines.skipped].slice(0, SKIPPED_DETAIL_MAX),
});
