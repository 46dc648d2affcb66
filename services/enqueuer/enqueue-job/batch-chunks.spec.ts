import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BATCH_BYTES_MAX, type Batch } from '#libs/domain/batch/split-batches.ts';
import { chunkBatches } from './batch-chunks.ts';

const CHUNK_BYTES_MAX = 8 * 1024 * 1024;

const batches = (count: number, sizeBytes = 10): Batch[] =>
  Array.from({ length: count }, (_, n) => ({
    payload: new Uint8Array(sizeBytes),
    itemCount: 3,
    endOffset: (n + 1) * 100,
  }));

describe('chunkBatches', () => {
  it('makes nothing of nothing', () => {
    expect([...chunkBatches([], 0)]).toEqual([]);
  });

  it('says where each chunk starts, what it holds and where the input goes on', () => {
    const chunks = [...chunkBatches(batches(4500), 7)];
    expect(chunks.map(({ batches: { length }, ...facts }) => ({ length, ...facts }))).toEqual([
      { length: 2000, firstIndex: 7, itemCount: 6000, cursor: '200000' },
      { length: 2000, firstIndex: 2007, itemCount: 6000, cursor: '400000' },
      { length: 500, firstIndex: 4007, itemCount: 1500, cursor: '450000' },
    ]);
  });

  it('keeps every batch, in order, in chunks of bounded size', () => {
    const sizes = fc.array(fc.integer({ min: 2, max: BATCH_BYTES_MAX }), { maxLength: 80 });
    fc.assert(
      fc.property(sizes, (sizesBytes) => {
        const all = sizesBytes.flatMap((sizeBytes) => batches(1, sizeBytes));
        const chunks = [...chunkBatches(all, 0)];
        expect(chunks.flatMap((chunk) => chunk.batches)).toEqual(all);
        for (const chunk of chunks) {
          const sizeBytes = chunk.batches.reduce((sum, { payload }) => sum + payload.length, 0);
          expect(sizeBytes).toBeLessThan(CHUNK_BYTES_MAX + BATCH_BYTES_MAX);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('takes no more batches than the chunk needs', () => {
    let takenCount = 0;
    function* counted(): Generator<Batch> {
      for (const batch of batches(5000)) {
        takenCount += 1;
        yield batch;
      }
    }
    chunkBatches(counted(), 0).next();
    expect(takenCount).toBe(2000);
  });
});
