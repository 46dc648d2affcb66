import { isJsonByReference } from '#test/support/json-texts.ts';
import {
  type DelimitedFile,
  FILE_START,
  type LineBatch,
  LineBatcher,
  type LineBatcherOptions,
  type LineStart,
} from '#libs/object-store/delimited/line-batcher.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';

const BATCH_BYTES_MAX = 262_144;

export interface FileBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A batch as specs compare it: text instead of bytes, positions instead of messages. */
export interface ReadBatch {
  readonly payload: string;
  readonly itemCount: number;
  readonly end: LineStart;
  readonly skippedLineCount: number;
  /** `path:line` of each. */
  readonly skipped: readonly string[];
}

export interface ReadFailure {
  readonly code: string;
  readonly path: string;
  readonly line: number;
}

/** What came out of reading files, up to the failure that ended it. */
export interface ReadResult {
  readonly batches: readonly ReadBatch[];
  readonly failure: ReadFailure | null;
  /** Lines left out behind the last batch. */
  readonly skippedAtEnd: number;
}

type Options = Omit<LineBatcherOptions, 'firstIndex'>;

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const readBatch = (batch: LineBatch): ReadBatch => ({
  payload: latin1(batch.payload),
  itemCount: batch.itemCount,
  end: batch.end,
  skippedLineCount: batch.skippedLineCount,
  skipped: batch.skipped.map(({ file, line }) => `${file}:${line}`),
});

/** Reads files with the real reader. */
export async function readWithBatcher(
  files: readonly Omit<DelimitedFile, 'start'>[],
  options: Options,
  start: LineStart = FILE_START,
): Promise<{ result: ReadResult; error: unknown }> {
  const batcher = new LineBatcher({ ...options, firstIndex: 0 });
  const batches: ReadBatch[] = [];
  try {
    for (const [index, file] of files.entries()) {
      const from = index === 0 ? start : FILE_START;
      for await (const batch of batcher.addFile({ ...file, start: from })) {
        batches.push(readBatch(batch));
      }
    }
    const last = batcher.finish();
    if (last !== null) batches.push(readBatch(last));
    const skippedAtEnd = batcher.takeSkipped().skippedLineCount;
    return { result: { batches, failure: null, skippedAtEnd }, error: null };
  } catch (error) {
    if (!(error instanceof Rejection && 'path' in error)) throw error;
    const { code, path, line } = error as Rejection & ReadFailure;
    return { result: { batches, failure: { code, path, line }, skippedAtEnd: 0 }, error };
  }
}

/** A line as the reference sees it: an item, nothing, or wrong. */
type ReferenceLine = Uint8Array | 'blank' | 'malformed';

const BLANKS = new Set([0x20, 0x09, 0x0d]);

function readLine(line: Uint8Array): ReferenceLine {
  if (line.length > BATCH_BYTES_MAX) return 'malformed';
  let start = 0;
  let end = line.length;
  while (start < end && BLANKS.has(line[start] ?? 0)) start++;
  while (end > start && BLANKS.has(line[end - 1] ?? 0)) end--;
  const item = line.slice(start, end);
  if (item.length === 0) return 'blank';
  return item.length + 2 <= BATCH_BYTES_MAX && isJsonByReference(item) ? item : 'malformed';
}

const markBytes = (bytes: Uint8Array): number =>
  latin1(bytes.subarray(0, 3)) === '\u00ef\u00bb\u00bf' ? 3 : 0;

/** Lines of a whole file, each with where the next one starts. */
function linesOf(bytes: Uint8Array): { content: Uint8Array; next: LineStart; line: number }[] {
  const lines = [];
  for (let at = markBytes(bytes), line = 1; at < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline;
    const byteOffset = Math.min(end + 1, bytes.length);
    lines.push({ content: bytes.slice(at, end), line, next: { line: line + 1, byteOffset } });
    at = end + 1;
  }
  return lines;
}

/** Reads files in the simplest way: all in memory, one line after the other. */
export function readByReference(files: readonly FileBytes[], options: Options): ReadResult {
  const batches: ReadBatch[] = [];
  let items: string[] = [];
  let skipped: string[] = [];
  let firstOfBatch = { path: '', line: 1 };
  let end: LineStart = FILE_START;
  const give = (): void => {
    batches.push({
      payload: `[${items.join(',')}]`,
      itemCount: items.length,
      end,
      skippedLineCount: skipped.length,
      skipped: skipped.slice(0, 100),
    });
    items = [];
    skipped = [];
  };
  for (const { path, bytes } of files) {
    end = { line: 1, byteOffset: markBytes(bytes) };
    for (const { content, line, next } of linesOf(bytes)) {
      const item = readLine(content);
      end = next;
      if (item === 'malformed' && options.onError === 'fail') {
        const failure = { code: 'input.malformed_line', path, line };
        return { batches, failure, skippedAtEnd: 0 };
      }
      if (item === 'malformed') skipped.push(`${path}:${line}`);
      if (item === 'malformed' || item === 'blank') continue;
      if (items.length === 0) firstOfBatch = { path, line };
      items.push(latin1(item));
      if (`[${items.join(',')}]`.length > BATCH_BYTES_MAX) {
        return { batches, failure: { code: 'batch.too_large', ...firstOfBatch }, skippedAtEnd: 0 };
      }
      if (items.length === options.batchSizeItems) give();
    }
  }
  if (items.length > 0) give();
  return { batches, failure: null, skippedAtEnd: skipped.length };
}

/** Bytes in chunks of the given sizes, over and over. */
export async function* inChunks(
  bytes: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? bytes.length;
    yield bytes.slice(at, at + size);
    at += size;
  }
}
