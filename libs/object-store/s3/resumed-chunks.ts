import type { Readable } from 'node:stream';
import { pause } from '#libs/platform/pause.ts';
import { type InputFile, InputFileRefused, InputFilesUnavailable } from '../input-files.port.ts';
import { fileChanged, pathOf } from './s3-errors.ts';

/** In a row, without a byte in between. Each reopening is itself tried as often as the client tries. */
const BREAKS_MAX = 5;
const PAUSE_MS_FIRST = 100;
const PAUSE_MS_MAX = 5_000;

export interface OpenRead {
  readonly file: InputFile;
  readonly offsetBytes: number;
  readonly body: Readable;
  /** The rest of the same version of the object, from a byte on. */
  readonly reopen: (offsetBytes: number) => Promise<Readable>;
  readonly signal: AbortSignal;
}

/**
 * The bytes of a body, taken up again where it broke.
 *
 * @throws InputFilesUnavailable when it breaks again and again without giving a byte,
 *   InputFileRefused when it gives more than the file had; what `reopen` throws; the signal's reason
 */
export async function* resumedChunks(read: OpenRead): AsyncIterable<Uint8Array> {
  const { file, signal } = read;
  let { body, offsetBytes } = read;
  let breaks = 0;
  for (;;) {
    let cause: unknown = new Error('the body ended early');
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        signal.throwIfAborted();
        offsetBytes += chunk.length;
        if (offsetBytes > file.sizeBytes) throw fileChanged(file);
        breaks = 0;
        yield chunk;
      }
      if (offsetBytes === file.sizeBytes) return;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof InputFileRefused) throw error;
      cause = error;
    }
    breaks += 1;
    if (breaks > BREAKS_MAX || isChecksumWrong(cause))
      throw new InputFilesUnavailable(
        `${pathOf(file)} broke off at byte ${offsetBytes} of ${file.sizeBytes}: ${String(cause)}`,
        { cause },
      );
    await pause(backOffMs(breaks), signal);
    signal.throwIfAborted();
    body = await read.reopen(offsetBytes);
  }
}

/**
 * Then bytes that were already given may be wrong, and no range carries a checksum that would tell.
 * The SDK gives this error no name, and drops what it still held, so the offset does not tell either.
 */
const isChecksumWrong = (cause: unknown): boolean =>
  cause instanceof Error && /checksum mismatch/i.test(cause.message);

/** With full jitter, so that readers that one fault has cut off do not come back together. */
const backOffMs = (breaks: number): number =>
  Math.random() * Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** breaks);
