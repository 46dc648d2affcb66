import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { jobId } from '../kernel/ids.ts';
import { nextAttemptMs } from './webhook-retry.ts';

const rule = { firstWaitMs: 5000, giveUpAfterMs: 259_200_000 };
const failed = (attempt: number, atMs = 0) =>
  ({ jobId: jobId('00000000000000aa'), endedAtMs: 0, attempt, atMs }) as const;

describe('the next attempt of a webhook', () => {
  it.each([
    [1, 5000],
    [2, 20_000],
    [3, 80_000],
    [4, 320_000],
    [8, 21_600_000], // Six hours at most.
    [1000, 21_600_000],
  ])('comes after attempt %i in its wait and up to a fifth more', (attempt, waitMs) => {
    const nextMs = nextAttemptMs(failed(attempt), rule) ?? 0;
    expect(nextMs).toBeGreaterThanOrEqual(waitMs);
    expect(nextMs).toBeLessThanOrEqual(waitMs * 1.2);
  });

  it('does not come once its time is over', () => {
    expect(nextAttemptMs(failed(20, rule.giveUpAfterMs - 1000), rule)).toBeNull();
  });

  it('is at the same time whoever asks, and at another for another job', () => {
    const times = Array.from({ length: 100 }, (_, n) =>
      nextAttemptMs({ ...failed(1), jobId: jobId(String(n).padStart(16, '0')) }, rule),
    );
    expect(nextAttemptMs(failed(1), rule)).toBe(nextAttemptMs(failed(1), rule));
    expect(new Set(times).size).toBeGreaterThan(80);
    expect(Math.max(...times.map(Number)) - Math.min(...times.map(Number))).toBeGreaterThan(800);
  });

  it('ends after some tens of attempts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), (firstWaitMs) => {
        let attempts = 0;
        for (let atMs: number | null = 0; atMs !== null; attempts++) {
          atMs = nextAttemptMs(failed(attempts + 1, atMs), { ...rule, firstWaitMs });
        }
        expect(attempts).toBeLessThan(40);
        expect(attempts).toBeGreaterThan(10);
      }),
    );
  });
});
