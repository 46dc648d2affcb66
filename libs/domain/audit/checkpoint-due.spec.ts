import { describe, expect, it } from '@jest/globals';
import { checkpointWaitMs } from './checkpoint-due.ts';

const rule = { eventCountMax: 100, intervalMs: 60_000 };
const NOW_MS = 1_000_000;

describe('the next checkpoint', () => {
  it.each([
    ['is not owed when nothing happened', 0, null, null],
    ['is not owed when nothing but checkpoints happened, however many', 500, null, null],
    ['waits a whole interval from the first event on', 1, NOW_MS, 60_000],
    ['waits what is left of the interval', 1, NOW_MS - 45_000, 15_000],
    ['is due when the interval is over', 1, NOW_MS - 60_000, 0],
    ['is due when the interval has long been over', 1, 0, 0],
    ['is due at so many events, whatever the time', 100, NOW_MS, 0],
    ['waits at one event less', 99, NOW_MS, 60_000],
  ])('%s', (_title, eventCount, newsSinceMs, waitMs) => {
    expect(checkpointWaitMs({ eventCount, newsSinceMs }, rule, NOW_MS)).toBe(waitMs);
  });
});
