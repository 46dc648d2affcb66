import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BATCH_BYTES_MAX } from '#libs/domain/batch/split-batches.ts';
import type { BatchSink, BatchSource, SourcedBatch } from './batch-source.ts';
import { type BatchChunk, ChunkBuffer } from './chunk-buffer.ts';

const CHUNK_BYTES_MAX = 4 * 1024 * 1024;
/** Longer than any chunk takes. */
const WAIT_MS = 10_000;
const START = { position: '', batchCount: 0, itemCount: 0, skippedLineCount: 0 };
const NEVER = new AbortController().signal;

const batches = (count: number, sizeBytes = 10): SourcedBatch[] =>
  Array.from({ length: count }, (_, n) => ({
    payload: new Uint8Array(sizeBytes),
    itemCount: 3,
    position: (n + 1) * 100,
  }));

/** A source of these batches, which notes how many were taken of it. */
const sourceOf = (all: readonly SourcedBatch[]) => ({
  addedCount: 0,
  async read(_from: typeof START, sink: BatchSink) {
    for (const batch of all) {
      if (sink.isFull) await sink.room();
      sink.add(batch);
      this.addedCount += 1;
    }
  },
});

async function allOf(buffer: ChunkBuffer): Promise<BatchChunk[]> {
  const chunks: BatchChunk[] = [];
  while (!buffer.isDrained) {
    const chunk = await buffer.take(WAIT_MS);
    if (chunk !== null) chunks.push(chunk);
  }
  return chunks;
}

const chunksOf = (source: BatchSource, from = START): Promise<BatchChunk[]> => {
  const buffer = new ChunkBuffer(from, NEVER);
  void buffer.fillFrom(source);
  return allOf(buffer);
};

describe('ChunkBuffer', () => {
  it('makes nothing of nothing', async () => {
    expect(await chunksOf(sourceOf([]))).toEqual([]);
  });

  it('says where each chunk starts, what it holds and where the input goes on', async () => {
    const from = { position: '1', batchCount: 7, itemCount: 21, skippedLineCount: 2 };
    const chunks = await chunksOf(sourceOf(batches(4500)), from);
    expect(chunks.map(({ batches: { length }, ...facts }) => ({ length, ...facts }))).toEqual([
      { length: 2000, firstIndex: 7, itemCount: 6000, cursor: '200000', ...nothingSkipped(2) },
      { length: 2000, firstIndex: 2007, itemCount: 6000, cursor: '400000', ...nothingSkipped(2) },
      { length: 500, firstIndex: 4007, itemCount: 1500, cursor: '450000', ...nothingSkipped(2) },
    ]);
  });

  it('keeps every batch, in order, in chunks of bounded size', async () => {
    const sizes = fc.array(fc.integer({ min: 2, max: BATCH_BYTES_MAX }), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(sizes, async (sizesBytes) => {
        const all = sizesBytes.flatMap((sizeBytes) => batches(1, sizeBytes));
        const chunks = await chunksOf(sourceOf(all));
        expect(chunks.flatMap((chunk) => chunk.batches)).toEqual(all);
        for (const chunk of chunks) {
          const sizeBytes = chunk.batches.reduce((sum, { payload }) => sum + payload.length, 0);
          expect(sizeBytes).toBeLessThan(CHUNK_BYTES_MAX + BATCH_BYTES_MAX);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('takes no more batches than a chunk needs until that is taken', async () => {
    const source = sourceOf(batches(5000));
    const buffer = new ChunkBuffer(START, NEVER);
    void buffer.fillFrom(source);
    expect(source.addedCount).toBe(2000);
    await buffer.take(WAIT_MS);
    await buffer.take(WAIT_MS);
    expect(source.addedCount).toBeLessThanOrEqual(5000);
    expect(source.addedCount).toBeGreaterThanOrEqual(4000);
  });

  it('gives the first batch at once, and the next ones soon though they are few', async () => {
    const [first, second, third] = batches(3);
    const buffer = new ChunkBuffer(START, NEVER);
    const held = Promise.withResolvers<void>();
    void buffer.fillFrom({
      async read(_from, sink) {
        if (first !== undefined) sink.add(first);
        await held.promise;
      },
    });
    expect(await buffer.take(0)).toMatchObject({ firstIndex: 0, batches: [first] });
    for (const batch of [second, third]) if (batch !== undefined) buffer.add(batch);
    expect(await buffer.take(0)).toBeNull();
    expect(await buffer.take(WAIT_MS)).toMatchObject({ firstIndex: 1, batches: [second, third] });
    expect(buffer.isDrained).toBe(false);
    held.resolve();
    expect(await buffer.take(WAIT_MS)).toBeNull();
    expect(buffer.isDrained).toBe(true);
  });

  it('gives nothing when nothing comes in time', async () => {
    const buffer = new ChunkBuffer(START, NEVER);
    void buffer.fillFrom({ read: () => new Promise(() => {}) });
    expect(await buffer.take(5)).toBeNull();
    expect(buffer.isDrained).toBe(false);
  });

  it('tells of skipped lines with the batch behind them, or at the end', async () => {
    const [first, second] = batches(2);
    const buffer = new ChunkBuffer({ ...START, skippedLineCount: 5 }, NEVER);
    void buffer.fillFrom({
      async read(_from, sink) {
        sink.addSkipped({ skippedLineCount: 1, skipped: [line(1)] });
        if (first !== undefined) sink.add(first);
        sink.addSkipped({
          skippedLineCount: 150,
          skipped: Array.from({ length: 100 }, () => line(2)),
        });
        if (second !== undefined) sink.add(second);
      },
    });
    const chunk = await buffer.take(WAIT_MS);
    expect(chunk).toMatchObject({
      skippedLineCount: 156,
      skipped: { firstSkipped: 5, lineCount: 151 },
    });
    expect(chunk?.skipped?.lines).toHaveLength(100);
    buffer.addSkipped({ skippedLineCount: 2, skipped: [line(3)] });
    expect(await buffer.take(WAIT_MS)).toEqual({
      firstIndex: 2,
      batches: [],
      itemCount: 0,
      cursor: 'null',
      skippedLineCount: 158,
      skipped: { firstSkipped: 156, lineCount: 2, lines: [line(3)] },
    });
    expect(buffer.takenSkippedLineCount).toBe(158);
  });

  it('throws what the source threw', async () => {
    const buffer = new ChunkBuffer(START, NEVER);
    void buffer.fillFrom({ read: () => Promise.reject(new Error('unreadable')) });
    await expect(buffer.take(WAIT_MS)).rejects.toThrow('unreadable');
  });

  it('ends a source that waits for room when its signal aborts', async () => {
    const leaving = new AbortController();
    const buffer = new ChunkBuffer(START, leaving.signal);
    const filled = buffer.fillFrom(sourceOf(batches(5000)));
    leaving.abort(new Error('left'));
    await filled;
    await expect(buffer.take(WAIT_MS)).rejects.toThrow('left');
  });
});

const nothingSkipped = (skippedLineCount: number) => ({ skippedLineCount, skipped: null });
const line = (n: number) => ({ file: 's3://b/k', line: n, byteOffset: 0, message: 'bad' });
