import { createHash } from 'node:crypto';
import { createGunzip } from 'node:zlib';
import { Parser } from 'tar';
import { badRequest } from '../request-refused.ts';

/** Handler code as it was sent: a gzipped tar archive that can be read. */
export interface CodeArchive {
  readonly bytes: Uint8Array;
  /** Key of the object it is kept as; the same for the same bytes. */
  readonly key: string;
  /** Paths of what is in it, without a leading `./`. */
  readonly files: ReadonlySet<string>;
}

/** 32 MiB. */
export const CODE_BYTES_MAX = 33_554_432;
/** 1 GiB: what a worker would have to unpack. Compressed zeros could be a thousand times as much. */
const UNPACKED_BYTES_MAX = 1_073_741_824;

/** @throws RequestRefused when `bytes` are no gzipped tar archive, or one that unpacks to over 1 GiB */
export async function readCodeArchive(bytes: Uint8Array): Promise<CodeArchive> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) throw unreadable('it is not compressed with gzip');
  const files = await listFiles(bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, key: `code/${sha256}`, files };
}

/** Unpacks piece by piece, up to the archive's end, and keeps nothing but the names. */
async function listFiles(bytes: Uint8Array): Promise<ReadonlySet<string>> {
  const files = new Set<string>();
  const parser = new Parser({ strict: true });
  let unpackedBytes = 0;
  let problem: Error | null = null;
  let hasEnded = false;
  parser.on('error', (error: unknown) => (problem ??= asError(error)));
  parser.on('eof', () => (hasEnded = true));
  parser.on('entry', (entry) => {
    files.add(entry.path.replace(/^\.\//, ''));
    unpackedBytes += entry.size;
    entry.resume();
  });

  try {
    for await (const chunk of unpack(bytes)) {
      parser.write(chunk);
      if (unpackedBytes > UNPACKED_BYTES_MAX) throw new Error('it unpacks to more than 1 GiB');
      if (hasEnded || problem !== null) break;
    }
    if (!hasEnded) parser.end();
  } catch (error) {
    problem ??= asError(error);
  }
  if (problem !== null) throw unreadable(problem.message);
  return files;
}

async function* unpack(bytes: Uint8Array): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  gunzip.end(bytes);
  for await (const chunk of gunzip) if (Buffer.isBuffer(chunk)) yield chunk;
}

const unreadable = (problem: string): Error =>
  badRequest('code.unreadable', `code: not a readable gzipped tar archive: ${problem}`);

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('unknown problem');
