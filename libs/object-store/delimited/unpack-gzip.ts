import { isNativeError } from 'node:util/types';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UnreadableGzip } from './line-errors.ts';

/** Unpacked bytes per piece. Larger ones are no faster; smaller ones spend the time on handing over. */
const PIECE_BYTES = 64 * 1024;

/**
 * Unpacks gzip as it is read, also several members after each other, in memory that depends
 * neither on the packed nor on the unpacked size. A file of no bytes at all unpacks to no bytes.
 *
 * @param path for the message
 * @throws UnreadableGzip when the bytes are no gzip, damaged or cut off; and what `chunks` throws
 */
export async function* unpackGzip(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array, void> {
  const source = { hasBytes: false };
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  const feeding = pipeline(notingBytes(chunks, source), gunzip);
  // The same error comes out of the iteration below; when that is given up, nobody else waits for it.
  feeding.catch(() => undefined);

  let byteCount = 0;
  try {
    for await (const piece of gunzip) {
      const bytes: Uint8Array = piece;
      yield bytes;
      byteCount += bytes.length;
    }
  } catch (error) {
    if (!isZlibError(error)) throw error;
    if (source.hasBytes) throw new UnreadableGzip(path, byteCount, error.message);
  }
}

async function* notingBytes(
  chunks: AsyncIterable<Uint8Array>,
  source: { hasBytes: boolean },
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    source.hasBytes ||= chunk.length > 0;
    yield chunk;
  }
}

/** Told by its code, such as `Z_DATA_ERROR`; what the source of the bytes throws has none of these. */
const isZlibError = (error: unknown): error is Error =>
  isNativeError(error) &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('Z_');
