import { describe, expect, it } from '@jest/globals';
import { inChunks, readWithBatcher } from '#test/support/delimited-reader.ts';
import { BatchOfLinesTooLarge } from './line-errors.ts';
import { FILE_START, LineBatcher } from './line-batcher.ts';

const PATH = 's3://b/k';
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const fileOf = (bytes: Uint8Array) => ({
  path: PATH,
  isGzipped: false,
  chunks: inChunks(bytes, [64]),
});

describe('LineBatcher', () => {
  it('puts items into a JSON array, and says where the line after the last one starts', async () => {
    const file = fileOf(bytesOf('{"a":1}\n\n2\r\n 3\n4'));
    const options = { batchSizeItems: 2, onError: 'fail' as const };
    const { result } = await readWithBatcher([file], options);
    expect(result.batches).toMatchObject([
      { payload: '[{"a":1},2]', itemCount: 2, end: { line: 4, byteOffset: 12 } },
      { payload: '[3,4]', itemCount: 2, end: { line: 6, byteOffset: 16 } },
    ]);
  });

  it('carries items of one file into the next', async () => {
    const files = ['1\n2\n3', '', '\n4\n', '5\n6\n'].map((text) => fileOf(bytesOf(text)));
    const options = { batchSizeItems: 2, onError: 'fail' as const };
    const { result } = await readWithBatcher(files, options);
    expect(result.batches.map(({ payload, end }) => [payload, end.line])).toEqual([
      ['[1,2]', 3],
      ['[3,4]', 3],
      ['[5,6]', 3],
    ]);
  });

  it('leaves malformed lines out, counts them, and says which and why', async () => {
    const options = { batchSizeItems: 2, onError: 'skip' as const, firstIndex: 0 };
    const batcher = new LineBatcher(options);
    const file = { ...fileOf(bytesOf('x\n1\n[\n2\n3\n"\n')), start: FILE_START };
    const batches = [];
    for await (const batch of batcher.addFile(file)) batches.push(batch);
    expect(batches).toMatchObject([
      {
        itemCount: 2,
        end: { line: 5, byteOffset: 8 },
        skippedLineCount: 2,
        skipped: [
          { file: PATH, line: 1, byteOffset: 0, message: "expected a value but found 'x'" },
          { file: PATH, line: 3, byteOffset: 5 },
        ],
      },
    ]);
    expect(batcher.finish()).toMatchObject({ itemCount: 1, skippedLineCount: 1 });
    expect(batcher.finish()).toBeNull();
  });

  it('tells of the first 100 skipped lines of a batch, and counts all', async () => {
    const files = [fileOf(bytesOf(`${'x\n'.repeat(250)}1\n${'x\n'.repeat(3)}2\n`))];
    const options = { batchSizeItems: 1, onError: 'skip' as const };
    const { result } = await readWithBatcher(files, options);
    expect(result.batches.map((batch) => [batch.skippedLineCount, batch.skipped.length])).toEqual([
      [250, 100],
      [3, 3],
    ]);
    expect(result.batches[0]?.skipped.at(-1)).toBe(`${PATH}:100`);
  });

  it('tells of lines skipped behind the last batch on their own', async () => {
    const batcher = new LineBatcher({ batchSizeItems: 1, firstIndex: 0, onError: 'skip' });
    const file = { ...fileOf(bytesOf('1\nx\n')), start: FILE_START };
    for await (const batch of batcher.addFile(file)) expect(batch.skippedLineCount).toBe(0);
    expect(batcher.finish()).toBeNull();
    expect(batcher.takeSkipped()).toMatchObject({ skippedLineCount: 1, skipped: [{ line: 2 }] });
    expect(batcher.takeSkipped()).toEqual({ skippedLineCount: 0, skipped: [] });
  });

  it.each(['fail', 'skip'] as const)(
    'refuses a batch that is too large, naming where it starts (on error: %s)',
    async (onError) => {
      const item = JSON.stringify('a'.repeat(99_998));
      const text = `1\n2\n${item}\n${item}\n${item}\n`;
      const options = { batchSizeItems: 10, onError };
      const { result, error } = await readWithBatcher([fileOf(bytesOf(text))], options);
      expect(result.batches).toEqual([]);
      expect(error).toBeInstanceOf(BatchOfLinesTooLarge);
      expect(error).toMatchObject({
        code: 'batch.too_large',
        message:
          `${PATH}: line 1, byte 0: batch 0, which starts here, exceeds the limit (262144 bytes); ` +
          'use a smaller batch_size or reduce the size of the items in the batch',
      });
    },
  );

  it('names the file, the line and the index of a batch that is too large', async () => {
    const item = JSON.stringify('a'.repeat(131_070));
    const batcher = new LineBatcher({ batchSizeItems: 2, firstIndex: 7, onError: 'fail' });
    const first = { ...fileOf(bytesOf(`1\n2\n\n${item}\n`)), start: { line: 5, byteOffset: 40 } };
    for await (const batch of batcher.addFile(first)) expect(textOf(batch.payload)).toBe('[1,2]');
    const second = { ...fileOf(bytesOf(item)), path: 's3://b/other', start: FILE_START };
    await expect(batcher.addFile(second).next()).rejects.toMatchObject({
      message: expect.stringMatching(/^s3:..b.k: line 8, byte 45: batch 8, which starts here,/),
      path: PATH,
      line: 8,
      byteOffset: 45,
      batchIndex: 8,
    });
  });

  it('shares no memory with the chunks it is given', async () => {
    const chunk = bytesOf('{"a":1}\n{"a":2}\n');
    const before = textOf(chunk);
    const options = { batchSizeItems: 2, onError: 'fail' as const };
    const file = { path: PATH, isGzipped: false, chunks: inOneChunk(chunk) };
    const { result } = await readWithBatcher([file], options);
    expect(textOf(chunk)).toBe(before);
    expect(result.batches[0]?.payload).toBe('[{"a":1},{"a":2}]');
  });

  it('gives payloads that keep their bytes while more is read', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `{"id":${index},"t":"ü"}`);
    for (const batchSizeItems of [1, 3, 1000]) {
      const batcher = new LineBatcher({ batchSizeItems, firstIndex: 0, onError: 'fail' });
      const file = { ...fileOf(bytesOf(lines.join('\n'))), start: FILE_START };
      const payloads: Uint8Array[] = [];
      for await (const { payload } of batcher.addFile(file)) payloads.push(payload);
      payloads.push(batcher.finish()?.payload ?? bytesOf('[]'));
      expect(payloads.map((payload) => textOf(payload).slice(1, -1)).join()).toContain(
        lines.slice(0, 4999).join(),
      );
    }
  });

  it('lets go of the chunks when it is given up', async () => {
    const seen = { isClosed: false };
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        for (;;) yield bytesOf('1\n');
      } finally {
        seen.isClosed = true;
      }
    }
    const batcher = new LineBatcher({ batchSizeItems: 1, firstIndex: 0, onError: 'fail' });
    const file = { path: PATH, isGzipped: false, chunks: endless(), start: FILE_START };
    for await (const { end } of batcher.addFile(file)) if (end.line > 10) break;
    expect(seen.isClosed).toBe(true);
  });
});

async function* inOneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield chunk;
}
