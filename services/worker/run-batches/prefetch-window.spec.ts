import { describe, expect, it } from '@jest/globals';
import { PrefetchWindow } from './prefetch-window.ts';

const windowAfter = (
  callCount: number,
  durationMs: number,
  window = new PrefetchWindow(),
): PrefetchWindow => {
  for (let call = 0; call < callCount; call++) window.observe(durationMs);
  return window;
};

describe('how many batches a worker holds', () => {
  it.each([
    [10_000, 1],
    [60, 1],
    [10, 4], // The average approaches 10 ms from above.
    [1, 49],
    [0.05, 256], // 1000 capped.
  ])('with calls of %d ms: %i', (durationMs, batchCount) => {
    expect(windowAfter(60, durationMs).batchCount).toBe(batchCount);
  });

  it('is one before anything is known', () => {
    expect(new PrefetchWindow().batchCount).toBe(1);
  });

  it('is at most as many as it is told', () => {
    expect(windowAfter(60, 1, new PrefetchWindow(1)).batchCount).toBe(1);
  });

  it('is one again after a long call', () => {
    expect(windowAfter(1, 5000, windowAfter(60, 1)).batchCount).toBe(1);
  });
});
