import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UsageError } from '../cli.ts';

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
