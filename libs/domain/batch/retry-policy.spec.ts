import { describe, expect, it } from '@jest/globals';
import { afterFailure, isLost, lostBatchReason } from './retry-policy.ts';

describe('after a failed attempt', () => {
  it.each([1, 2, 100])('a batch without a dead-letter queue has failed (attempt %d)', (attempt) => {
    expect(afterFailure(null, attempt)).toEqual({ next: 'fail' });
  });

  it.each([
    [1, 1],
    [3, 3],
    [3, 4], // Handed out once more than allowed: its worker died before it could say so.
  ])('of at most %d, attempt %d goes to the dead-letter queue', (receiveCountMax, attempt) => {
    expect(afterFailure(receiveCountMax, attempt)).toEqual({ next: 'dead-letter' });
  });

  it.each([
    [1, 1000],
    [2, 2000],
    [3, 4000],
    [6, 32_000],
    [7, 60_000], // 64 s, capped.
    [5000, 60_000], // Beyond what a power of two can hold.
  ])('attempt %d is retried after %d ms', (attempt, delayMs) => {
    expect(afterFailure(10_000, attempt)).toEqual({ next: 'retry', delayMs });
  });
});

describe('a batch that is handed out', () => {
  it.each([
    [1, 2],
    [2, 3],
    [2, 9],
  ])('more than %d times, for attempt %d, is lost', (receiveCountMax, attempt) => {
    expect(isLost(receiveCountMax, attempt)).toBe(true);
  });

  it.each([
    [1, 1],
    [2, 1],
    [2, 2],
  ])('of at most %d, for attempt %d, is handled', (receiveCountMax, attempt) => {
    expect(isLost(receiveCountMax, attempt)).toBe(false);
  });

  it.each([1, 2, 1000])('is handled without a dead-letter queue (attempt %d)', (attempt) => {
    expect(isLost(null, attempt)).toBe(false);
  });

  it('and lost says how often it was tried', () => {
    expect(lostBatchReason(1).message).toContain('handed out 1 time,');
    expect(lostBatchReason(3).message).toContain('handed out 3 times,');
  });
});
