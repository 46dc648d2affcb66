import type { SkippedLine } from '#libs/domain/batch/batch.events.ts';
import { BATCH_BYTES_MAX } from '#libs/domain/batch/split-batches.ts';
import { endOfJsonInLine, NOT_JSON, skipBlanks } from '#libs/json/json-line.ts';
import { BatchPayload } from './batch-payload.ts';
import { BatchOfLinesTooLarge, type LineInFile, MalformedLine } from './line-errors.ts';
import { type LineProblem, problemOfLine } from './line-problem.ts';
import { LINE_BYTES_MAX, LineWindow } from './line-window.ts';
import { unpackGzip } from './unpack-gzip.ts';

const NEWLINE = 0x0a;

/** Largest item: two bytes less than the largest batch, for its brackets. */
const ITEM_BYTES_MAX = BATCH_BYTES_MAX - 2;

const TOO_LONG = (): LineProblem => ({
  problem: `the line is longer than the largest batch (${BATCH_BYTES_MAX} bytes)`,
  offset: 0,
});

/** Skipped lines that are told of one by one, per batch: what the event about them may hold. */
const SKIPPED_DETAIL_MAX = 100;

/** Where in a file a line starts. */
export interface LineStart {
  /** From 1. */
  readonly line: number;
  /** From the start of the unpacked file. */
  readonly byteOffset: number;
}

export const FILE_START: LineStart = { line: 1, byteOffset: 0 };

/** Lines that were left out because they are no items. */
export interface SkippedLines {
  readonly skippedLineCount: number;
  /** The first of them, at most 100. */
  readonly skipped: readonly SkippedLine[];
}

/** A batch of lines, with the lines that were left out since the batch before. */
export interface LineBatch extends SkippedLines {
  /** JSON array of the items, each with the bytes it was written with. */
  readonly payload: Uint8Array;
  readonly itemCount: number;
  /**
   * Where the line after its last item starts, in the file that is being read. The end of the file
   * when there is no such line.
   */
  readonly end: LineStart;
}

export interface LineBatcherOptions {
  readonly batchSizeItems: number;
  /** Index of the first batch made, for messages. */
  readonly firstIndex: number;
  /** Whether a malformed line is an error or left out. */
  readonly onError: 'fail' | 'skip';
}

export interface DelimitedFile {
  /** `s3://bucket/key`, for messages. */
  readonly path: string;
  readonly isGzipped: boolean;
  /** The stored bytes: from the first one when gzipped, from `start.byteOffset` on otherwise. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly start: LineStart;
}

/**
 * Turns newline-delimited JSON files into batches, in constant memory and without changing the
 * bytes of an item. Any JSON value is an item. Blank lines, carriage returns, a byte order mark and
 * a missing last newline are no matter.
 */
export class LineBatcher {
  private readonly window = new LineWindow();
  private readonly payload = new BatchPayload();
  private itemCount = 0;
  private batchIndex: number;
  private batchStart: LineInFile = { path: '', ...FILE_START };
  private skippedLineCount = 0;
  private skipped: SkippedLine[] = [];
  private path = '';

  constructor(private readonly options: LineBatcherOptions) {
    this.batchIndex = options.firstIndex;
  }

  /**
   * Gives full batches as they fill. Items left over wait for the next file, or for `finish`. One
   * file at a time, each read to its end.
   *
   * @throws MalformedLine, BatchOfLinesTooLarge, UnreadableGzip, and what `file.chunks` throws
   */
  async *addFile(file: DelimitedFile): AsyncGenerator<LineBatch, void> {
    const { window } = this;
    this.path = file.path;
    window.open(file.start.line, file.start.byteOffset);
    for await (const chunk of contentFrom(file)) {
      let rest = chunk;
      while (rest.length > 0) {
        rest = window.accept(rest);
        yield* this.fullBatches();
      }
    }
    window.close();
    yield* this.fullBatches();
  }

  /** The last batch, which is short; `null` when no item is left. */
  finish(): LineBatch | null {
    return this.itemCount === 0 ? null : this.takeBatch();
  }

  /** Lines left out behind the last batch; no batch tells of them. */
  takeSkipped(): SkippedLines {
    const { skippedLineCount, skipped } = this;
    this.skippedLineCount = 0;
    this.skipped = [];
    return { skippedLineCount, skipped };
  }

  private *fullBatches(): Generator<LineBatch, void> {
    const { window } = this;
    while (window.nextLines()) {
      while (this.fill()) yield this.takeBatch();
      this.payload.flush(window.bytes);
    }
    if (window.isOverlong) {
      this.leaveOut(window.byteOffset, TOO_LONG);
      window.discardLine();
    }
  }

  /** Adds lines to the batch until it is full (true) or all readable ones are read (false). */
  private fill(): boolean {
    const { window } = this;
    const { text, linesEnd, isText } = window;
    while (window.at < linesEnd) {
      const start = skipBlanks(text, window.at);
      const end = isText ? endOfJsonInLine(text, start) : NOT_JSON;
      const lineEnd = end === NOT_JSON ? NOT_JSON : skipBlanks(text, end);
      if (lineEnd === NOT_JSON || text.getUint8(lineEnd) !== NEWLINE) {
        this.passOtherLine(start);
      } else {
        this.addItem(start, end, lineEnd);
        window.advance(lineEnd + 1);
        if (this.itemCount === this.options.batchSizeItems) return true;
      }
    }
    return false;
  }

  private addItem(start: number, end: number, lineEnd: number): void {
    const { window, payload } = this;
    if (lineEnd - window.at > LINE_BYTES_MAX || end - start > ITEM_BYTES_MAX) {
      return this.leaveOut(window.byteOffset, TOO_LONG);
    }
    if (this.itemCount === 0) {
      const { path } = this;
      this.batchStart = { path, line: window.lineNumber, byteOffset: window.byteOffset };
    }
    if (!payload.hasRoomFor(end - start)) {
      throw new BatchOfLinesTooLarge(this.batchStart, this.batchIndex);
    }
    payload.add(window.bytes, start, end);
    this.itemCount++;
  }

  /** A line that is not JSON: blank, or malformed. `start` is that of its first byte that is not blank. */
  private passOtherLine(start: number): void {
    const { window } = this;
    const lineEnd = window.endOfLine();
    const sizeBytes = lineEnd - window.at;
    if (sizeBytes > LINE_BYTES_MAX) {
      this.leaveOut(window.byteOffset, TOO_LONG);
    } else if (start < lineEnd) {
      const line = window.bytes.subarray(window.at, lineEnd);
      this.leaveOut(window.byteOffset, () => problemOfLine(line, window.byteOffset === 0));
    }
    window.advance(lineEnd + 1);
  }

  /** @throws MalformedLine unless such lines are left out */
  private leaveOut(lineOffset: number, describe: () => LineProblem): void {
    const isTold = this.skipped.length < SKIPPED_DETAIL_MAX;
    this.skippedLineCount++;
    if (!isTold) return;
    const { problem, offset } = describe();
    const line = this.window.lineNumber;
    const byteOffset = lineOffset + offset;
    if (this.options.onError === 'fail') {
      throw new MalformedLine({ path: this.path, line, byteOffset }, problem);
    }
    this.skipped.push({ file: this.path, line, byteOffset, message: problem });
  }

  private takeBatch(): LineBatch {
    const { window, payload, itemCount } = this;
    payload.flush(window.bytes);
    this.itemCount = 0;
    this.batchIndex++;
    return {
      payload: payload.take(),
      itemCount,
      end: { line: window.lineNumber, byteOffset: window.byteOffset },
      ...this.takeSkipped(),
    };
  }
}

/** The content of a file from its start position on. */
async function* contentFrom({
  isGzipped,
  path,
  chunks,
  start,
}: DelimitedFile): AsyncGenerator<Uint8Array, void> {
  let toDiscardBytes = isGzipped ? start.byteOffset : 0;
  for await (const piece of isGzipped ? unpackGzip(chunks, path) : chunks) {
    if (toDiscardBytes < piece.length) yield piece.subarray(toDiscardBytes);
    toDiscardBytes = Math.max(0, toDiscardBytes - piece.length);
  }
}
