import { describe, expect, it } from '@jest/globals';
import { BatchRate } from './batch-rate.ts';

const rateAfter = (...samples: readonly (readonly [atMs: number, count: number])[]): number => {
  const rate = new BatchRate();
  for (const [atMs, count] of samples) rate.add(atMs, count);
  return rate.perSecond;
};

describe('a rate of batches', () => {
  it('is zero before anything can be compared', () => {
    expect(rateAfter()).toBe(0);
    expect(rateAfter([1000, 50])).toBe(0);
    expect(rateAfter([1000, 50], [1000, 60])).toBe(0);
  });

  it('is what was settled by the time it took', () => {
    expect(rateAfter([0, 100], [2000, 160])).toBe(30);
  });

  it('forgets what was more than five seconds ago', () => {
    expect(rateAfter([0, 0], [1000, 1000], [7000, 1000], [9000, 1020])).toBe(2.5);
  });

  it('is known for a job that is looked at less often than that', () => {
    expect(rateAfter([0, 0], [60_000, 60])).toBe(1);
  });
});
