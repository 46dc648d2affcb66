import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { CommandFailed, UsageError } from '../cli.ts';

/** A line of an export has one event; the platform takes none that is larger. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** Lines without their line ends. */
export async function* linesIn(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (;;) {
      const end = piece.indexOf(LINE_FEED, start);
      if (end === -1) break;
      const line = piece.subarray(start, end);
      yield rest.length === 0 ? line : Buffer.concat([...rest, line]);
      [rest, restBytes] = [[], 0];
      start = end + 1;
    }
    const left = piece.subarray(start);
    if (left.length > 0) rest.push(left);
    restBytes += left.length;
    if (restBytes > LINE_BYTES_MAX) throw new CommandFailed('this is no export: a line has no end');
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}

/**
 * The bytes of an export in a file; a name that ends with `.gz` is unpacked.
 *
 * @throws UsageError when the file cannot be read
 */
export async function* bytesOfFile(name: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(name);
  // The reader gets the error of whichever part fails.
  const bytes = name.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  try {
    for await (const piece of bytes) yield piece;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot read ${name}: ${message}`, { cause: error });
  }
}
