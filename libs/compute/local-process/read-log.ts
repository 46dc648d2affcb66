import { open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { logPartsIn } from '../log-files.ts';

/** What is there of a log at some offset. */
export interface LogPiece {
  readonly bytes: Uint8Array;
  /** Offset of the first byte after `bytes`. */
  readonly nextOffset: number;
}

/**
 * Bytes of a log from `offset` on, at most `bytesMax`. In place of what was removed there is a line
 * that says so.
 *
 * @returns `null` when there is no such log
 */
export async function readLogBytes(
  logFile: string,
  offset: number,
  bytesMax: number,
): Promise<LogPiece | null> {
  for (;;) {
    const parts = logPartsIn(await namesIn(dirname(logFile)), logFile);
    const [oldest] = parts;
    if (oldest === undefined) return null;
    const isRemoved = offset < oldest.startOffset;
    const from = isRemoved ? oldest.startOffset : offset;
    const at = parts.findLastIndex(({ startOffset }) => startOffset <= from);
    const part = parts[at] ?? oldest;
    // A part may have grown since it was listed, so only where the next one starts tells its end.
    const end = parts[at + 1]?.startOffset ?? Infinity;
    const length = Math.min(bytesMax, end - from);
    const bytes = await bytesOf(part.file, from - part.startOffset, length);
    if (bytes === null) continue; // Removed since it was listed.
    const nextOffset = from + bytes.length;
    return { bytes: isRemoved ? withNotice(bytes, from - offset) : bytes, nextOffset };
  }
}

const withNotice = (bytes: Uint8Array, removedBytes: number): Uint8Array =>
  Buffer.concat([
    Buffer.from(`[cortex: ${removedBytes} bytes of this log were removed to keep it small]\n`),
    bytes,
  ]);

/** `null` when there is no such file. */
async function bytesOf(file: string, at: number, length: number): Promise<Uint8Array | null> {
  const handle = await open(file).catch(nullIfNotFound);
  if (handle === null) return null;
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, at);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(nullIfNotFound)) ?? [];

function nullIfNotFound(error: unknown): null {
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') {
    return null;
  }
  throw error;
}
