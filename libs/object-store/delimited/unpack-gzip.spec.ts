import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { inChunks } from '#test/support/delimited-reader.ts';
import { UnreadableGzip } from './line-errors.ts';
import { unpackGzip } from './unpack-gzip.ts';

const PATH = 's3://b/k.gz';
const CHUNK_SIZES = [1, 2, 3, 7, 64, 1_000_000_000];

async function unpackAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of unpackGzip(chunks, PATH)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const unpack = (packed: Uint8Array, size = 64): Promise<Buffer> =>
  unpackAll(inChunks(packed, [size]));

/** What came out, and the error behind it. */
async function unpackUntilError(packed: Uint8Array) {
  let byteCount = 0;
  try {
    for await (const piece of unpackGzip(inChunks(packed, [64]), PATH)) byteCount += piece.length;
  } catch (error) {
    return { byteCount, error };
  }
  return { byteCount, error: null };
}

const member = (text: string): Buffer => gzipSync(text);

describe('unpackGzip', () => {
  it.each(CHUNK_SIZES)('reads members after each other, in chunks of %d bytes', async (size) => {
    const packed = Buffer.concat([member('one\n'), member(''), member('two\n'.repeat(50))]);
    expect((await unpack(packed, size)).toString()).toBe(`one\n${'two\n'.repeat(50)}`);
  });

  it.each(CHUNK_SIZES)('passes zeros of padding, in chunks of %d bytes', async (size) => {
    const packed = Buffer.concat([member('one\n'), Buffer.alloc(512)]);
    expect((await unpack(packed, size)).toString()).toBe('one\n');
  });

  it('unpacks a file of no bytes to no bytes', async () => {
    expect(await unpack(Buffer.alloc(0))).toHaveLength(0);
  });

  it('unpacks what is larger than any buffer', async () => {
    const content = Buffer.concat([randomBytes(1_000_000), Buffer.alloc(3_000_000)]);
    expect((await unpack(gzipSync(content), 65_536)).equals(content)).toBe(true);
  });

  const text = Array.from({ length: 20_000 }, (_, index) => `{"id":${index * 7919}}\n`).join('');
  const packed = member(text);

  it.each([
    ['cut off in the header', packed.subarray(0, 5)],
    ['cut off in the data', packed.subarray(0, packed.length >> 1)],
    ['cut off in the checksum', packed.subarray(0, -1)],
    ['cut off in the second member', Buffer.concat([packed, packed.subarray(0, 1000)])],
    ['no gzip', Buffer.from('{"a":1}\n')],
    ['followed by something else', Buffer.concat([packed, Buffer.from('{"a":1}')])],
    ['damaged in the middle', Buffer.from(packed).fill(0xff, packed.length >> 1, packed.length)],
    ['of another content than its checksum says', damagedChecksum(packed)],
  ])('refuses a file that is %s, naming it and what came before', async (_, bytes) => {
    const { byteCount, error } = await unpackUntilError(bytes);
    expect(error).toBeInstanceOf(UnreadableGzip);
    expect(error).toMatchObject({
      code: 'input.unreadable_gzip',
      path: PATH,
      byteOffset: byteCount,
      message: expect.stringContaining(
        `${PATH}: unpacking it with gzip failed behind byte ${byteCount} of its content: `,
      ),
    });
  });

  it('throws what the source of the bytes throws', async () => {
    const unpacking = unpackAll(breakingAfter(packed.subarray(0, 1000)));
    await expect(unpacking).rejects.toThrow('the connection broke');
  });

  it('lets go of the source when it is given up', async () => {
    const closing = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        for (;;) yield packed;
      } finally {
        closing.resolve();
      }
    }
    for await (const piece of unpackGzip(endless(), PATH)) if (piece.length > 0) break;
    await closing.promise;
  });
});

function damagedChecksum(packed: Buffer): Buffer {
  const copy = Buffer.from(packed);
  const at = copy.length - 8; // CRC-32 and length, four bytes each, end a member
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

async function* breakingAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
  throw new Error('the connection broke');
}
