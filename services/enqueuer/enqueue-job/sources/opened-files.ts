import type { LineStart } from '#libs/object-store/delimited/line-batcher.ts';
import type { InputFile, InputFiles } from '#libs/object-store/input-files.port.ts';
import type { SelectionCursor } from '#libs/object-store/selection/file-selection.ts';

/** A file that is next, with where its first line of interest starts. */
export interface FileToRead {
  readonly file: InputFile;
  /** Behind the file. */
  readonly selection: SelectionCursor;
  readonly start: LineStart;
  /** `null` when only the store can tell. */
  readonly isGzipped: boolean | null;
}

export interface OpenedFile extends FileToRead {
  readonly isGzipped: boolean;
  /** Stored bytes: from 0 when gzipped, from the start of the line otherwise. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

interface FileAhead {
  readonly weightBytes: number;
  readonly opened: Promise<OpenedFile>;
}

/**
 * Opening a file takes tens of milliseconds and reading a small one none, so many small ones would
 * be read at 20 a second one by one. 16 ahead give hundreds.
 */
const AHEAD_FILES_MAX = 16;
/** Together with the chunks on their way to the queue, far from what an enqueuer may use. */
const AHEAD_BYTES_MAX = 16 * 1024 * 1024;
/** Up to this a file is read ahead as a whole; of larger ones one is opened ahead. */
const SMALL_BYTES_MAX = 1024 * 1024;

/**
 * Opens files in order, the next ones while one is being read. Each has to be read to its end
 * before the next is asked for.
 */
export async function* openedFiles(
  files: InputFiles,
  wanted: AsyncIterable<FileToRead>,
  signal: AbortSignal,
): AsyncGenerator<OpenedFile, void> {
  const left = new AbortController();
  const ended = AbortSignal.any([signal, left.signal]);
  const listed = new Listed(wanted);
  const ahead: FileAhead[] = [];
  let aheadBytes = 0;
  try {
    for (;;) {
      while (ahead.length < AHEAD_FILES_MAX && aheadBytes < AHEAD_BYTES_MAX) {
        const file = await (ahead.length === 0 ? listed.next() : listed.nextIfThere());
        if (file === null) break;
        ahead.push(openAhead(files, file, ended));
        aheadBytes += ahead.at(-1)?.weightBytes ?? 0;
      }
      const next = ahead.shift();
      if (next === undefined) return;
      yield await next.opened;
      aheadBytes -= next.weightBytes;
    }
  } finally {
    left.abort();
    listed.leave();
  }
}

function openAhead(files: InputFiles, wanted: FileToRead, signal: AbortSignal): FileAhead {
  const isSmall = wanted.file.sizeBytes <= SMALL_BYTES_MAX;
  const opened = open(files, wanted, signal).then(async (file) =>
    isSmall ? { ...file, chunks: replay(await wholeOf(file.chunks)) } : file,
  );
  // Counts when it is awaited, which a reader that leaves never does.
  opened.catch(() => {});
  return { opened, weightBytes: isSmall ? wanted.file.sizeBytes : AHEAD_BYTES_MAX };
}

async function open(
  files: InputFiles,
  wanted: FileToRead,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const { file, start } = wanted;
  const isKnownGzipped = wanted.isGzipped ?? /\.gz$/i.test(file.key);
  const offsetBytes = isKnownGzipped ? 0 : start.byteOffset;
  const { contentEncoding, chunks } = await files.read(file, offsetBytes, signal);
  const isEncoded = /\bgzip\b/i.test(contentEncoding ?? '');
  return { ...wanted, isGzipped: wanted.isGzipped ?? (isKnownGzipped || isEncoded), chunks };
}

async function wholeOf(chunks: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const whole: Uint8Array[] = [];
  for await (const chunk of chunks) whole.push(chunk);
  return whole;
}

async function* replay(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

/** Files of a listing that may be slow: those it has by now can be had without waiting for more. */
class Listed {
  private readonly iterator: AsyncIterator<FileToRead>;
  private asked: Promise<IteratorResult<FileToRead, unknown>> | null = null;

  constructor(files: AsyncIterable<FileToRead>) {
    this.iterator = files[Symbol.asyncIterator]();
  }

  /** `null` at the end. */
  async next(): Promise<FileToRead | null> {
    this.asked ??= this.iterator.next();
    const { done, value } = await this.asked;
    if (done === true) return null;
    this.asked = null;
    return value;
  }

  /** `null` also when that would take longer than a turn. */
  async nextIfThere(): Promise<FileToRead | null> {
    this.asked ??= this.iterator.next();
    this.asked.catch(() => {}); // Counts when it is awaited.
    const aTurn = new Promise<null>((resolve) => setImmediate(resolve, null));
    const result = await Promise.race([this.asked, aTurn]);
    return result === null ? null : this.next();
  }

  /** Does not wait for a page that is under way. */
  leave(): void {
    this.asked?.catch(() => {});
    this.iterator.return?.().catch(() => {});
  }
}
