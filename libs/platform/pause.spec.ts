import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { pause } from './pause.ts';

const ONE_HOUR_MS = 3_600_000;
const timerCount = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

describe('pause', () => {
  it('lasts as long as it is told to', async () => {
    const startedAt = performance.now();
    await pause(30);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29);
  });

  it('ends at once when its signal aborts, and leaves no timer', async () => {
    const before = timerCount();
    const stopping = new AbortController();
    const paused = pause(ONE_HOUR_MS, stopping.signal);
    expect(timerCount()).toBe(before + 1);
    stopping.abort();
    await paused;
    expect(timerCount()).toBe(before);
  });

  it('does not begin when its signal has aborted', async () => {
    const before = timerCount();
    const paused = pause(ONE_HOUR_MS, AbortSignal.abort());
    expect(timerCount()).toBe(before);
    await paused;
  });

  it('leaves no listener on a signal that lives on', async () => {
    const { signal } = new AbortController();
    for (let round = 0; round < 3; round++) await pause(1, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
