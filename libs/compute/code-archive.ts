import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';

/** An archive may be 32 MiB; one that unpacks to this much more is not source code. */
const UNPACKED_BYTES_MAX = 1024 * 1024 * 1024;

/** The handler's code cannot be had: the object is gone, or is no archive we would unpack. */
export class CodeUnusable extends Error {
  override readonly name = 'CodeUnusable';
}

/** A full disk, say: nothing about the archive, and over when tried again, perhaps on another machine. */
export const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall !== undefined;

/** Entries that point outside of `folder` make it fail, as does everything else that is odd. */
export async function unpackCode(archive: Uint8Array, folder: string): Promise<void> {
  let unpackedBytes = 0;
  const sink = extract({
    cwd: folder,
    strict: true,
    filter: (_path, entry) => {
      unpackedBytes += 'size' in entry ? (entry.size ?? 0) : 0;
      return unpackedBytes <= UNPACKED_BYTES_MAX;
    },
  });
  await pipeline(Readable.from([archive]), sink);
  if (unpackedBytes > UNPACKED_BYTES_MAX)
    throw new Error(`unpacks to over ${UNPACKED_BYTES_MAX} bytes`);
}
