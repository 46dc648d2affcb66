import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type FileBytes,
  inChunks,
  readByReference,
  readWithBatcher,
} from '#test/support/delimited-reader.ts';
import { damaged, json } from '#test/support/json-texts.ts';
import { MalformedLine } from './line-errors.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const jsonLine = json.map((text) => bytesOf(text.replaceAll('\n', ' ')));
const blankLine = fc.constantFrom('', ' ', '\t', '\r', ' \r').map(bytesOf);
const line = fc.oneof(
  { arbitrary: jsonLine, weight: 8 },
  { arbitrary: blankLine, weight: 2 },
  { arbitrary: damaged(jsonLine), weight: 1 },
  { arbitrary: fc.uint8Array({ maxLength: 8 }), weight: 1 },
);
const ending = fc.constantFrom('\n', '\n', '\r\n').map(bytesOf);
const mark = fc.constantFrom('', '', '', '\ufeff').map(bytesOf);
const wellFormedFile = fc
  .tuple(mark, fc.array(fc.tuple(line, ending), { maxLength: 12 }), fc.boolean())
  .map(([start, lines, endsInNewline]) => {
    const bytes = joined([start, ...lines.flat()]);
    return endsInNewline ? bytes : bytes.subarray(0, -1);
  });
const content = fc.oneof(
  { arbitrary: wellFormedFile, weight: 6 },
  { arbitrary: damaged(wellFormedFile), weight: 2 },
  { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 1 },
);
const files = fc
  .array(content, { minLength: 1, maxLength: 3 })
  .map((contents) => contents.map((bytes, index) => ({ path: `s3://b/${index}`, bytes })));
const chunkSizes = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
  fc.constant([1_000_000]),
);
const options = fc.record({
  batchSizeItems: fc.integer({ min: 1, max: 5 }),
  onError: fc.constantFrom('fail' as const, 'skip' as const),
});

const plain = (all: readonly FileBytes[], sizes: readonly number[]) =>
  all.map(({ path, bytes }) => ({ path, isGzipped: false, chunks: inChunks(bytes, sizes) }));

/** In two gzip members, as if one compressed file had been appended to another. */
const gzipped = (all: readonly FileBytes[], sizes: readonly number[]) =>
  all.map(({ path, bytes }) => {
    const half = bytes.length >> 1;
    const packed = joined([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))]);
    return { path, isGzipped: true, chunks: inChunks(packed, sizes) };
  });

/** Strings of a size, after white space, closed or not. */
type LongLine = readonly [sizeBytes: number, space: string, close: string];

const textOfLine = ([size, space, close]: LongLine): string =>
  `${space}"${'a'.repeat(size - 2)}${close}${space}`;

describe('LineBatcher', () => {
  it('reads any bytes as the reference reader does', async () => {
    await fc.assert(
      fc.asyncProperty(files, chunkSizes, options, async (all, sizes, given) => {
        const { result } = await readWithBatcher(plain(all, sizes), given);
        expect(result).toEqual(readByReference(all, given));
      }),
      { numRuns: 800 },
    );
  });

  it('reads gzip as the reference reader reads what was packed', async () => {
    await fc.assert(
      fc.asyncProperty(files, chunkSizes, options, async (all, sizes, given) => {
        const { result } = await readWithBatcher(gzipped(all, sizes), given);
        expect(result).toEqual(readByReference(all, given));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps to the limits of lines and batches as the reference reader does', async () => {
    const sizeBytes = fc.oneof(
      fc.integer({ min: 262_138, max: 262_147 }),
      fc.integer({ min: 131_066, max: 131_076 }),
      fc.constantFrom(2, 300_000, 600_000),
    );
    const longLine = fc.tuple(
      sizeBytes,
      fc.constantFrom('', ' ', '  \r'),
      fc.constantFrom('"', 'x'),
    );
    const longLines = fc.array(longLine, { minLength: 1, maxLength: 5 });
    const longFile = fc.record({ start: mark, longLines, end: fc.constantFrom('', '\n') });
    const sizes = fc.constantFrom([65_536], [1_000_000_000], [262_143, 1, 1, 1, 1, 7]);
    await fc.assert(
      fc.asyncProperty(longFile, sizes, options, async (file, cuts, given) => {
        const text = file.longLines.map(textOfLine).join('\n') + file.end;
        const all = [{ path: 's3://b/0', bytes: joined([file.start, bytesOf(text)]) }];
        const { result } = await readWithBatcher(plain(all, cuts), given);
        // Not by toEqual, which would print payloads of 256 KiB.
        expect(isDeepStrictEqual(result, readByReference(all, given))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('names a byte of the malformed line', async () => {
    await fc.assert(
      fc.asyncProperty(files, chunkSizes, async (all, sizes) => {
        const given = { batchSizeItems: 2, onError: 'fail' as const };
        const { error } = await readWithBatcher(plain(all, sizes), given);
        if (!(error instanceof MalformedLine)) return;
        const { bytes = bytesOf('') } = all.find(({ path }) => path === error.path) ?? {};
        const before = bytes.subarray(0, error.byteOffset);
        expect(before.filter((byte) => byte === 0x0a).length).toBe(error.line - 1);
        expect(error.byteOffset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    { name: 'plain', isGzipped: false },
    { name: 'gzipped', isGzipped: true },
  ])('goes on behind any batch of a $name file', async ({ isGzipped }) => {
    await fc.assert(
      fc.asyncProperty(content, chunkSizes, options, async (bytes, sizes, given) => {
        const path = 's3://b/0';
        const packed = isGzipped ? gzipSync(bytes) : bytes;
        const { result: whole } = await readWithBatcher(
          [{ path, isGzipped, chunks: inChunks(packed, sizes) }],
          given,
        );
        for (const [index, { end }] of whole.batches.entries()) {
          const stored = isGzipped ? packed : bytes.subarray(end.byteOffset);
          const { result: rest } = await readWithBatcher(
            [{ path, isGzipped, chunks: inChunks(stored, sizes) }],
            given,
            end,
          );
          expect(rest).toEqual({ ...whole, batches: whole.batches.slice(index + 1) });
        }
      }),
      { numRuns: isGzipped ? 50 : 400 },
    );
  });
});
