import { beforeEach, describe, expect, it } from '@jest/globals';
import { ViewLag } from './view-lag.ts';

const START_MS = Date.parse('2026-11-23T10:00:00.000Z');

describe('the lag of a follower', () => {
  let following: { position: number; newestAt: string | null };
  let lastPosition: number | Error;
  let nowMs: number;
  let lag: ViewLag;

  beforeEach(() => {
    following = { position: 0, newestAt: null };
    lastPosition = 0;
    nowMs = START_MS;
    const store = {
      lastPosition: () =>
        lastPosition instanceof Error
          ? Promise.reject(lastPosition)
          : Promise.resolve(lastPosition),
    };
    lag = new ViewLag(following, store, () => new Date(nowMs));
  });
  const later = (ms: number): void => void (nowMs += ms);

  it('is none when everything is taken, however long nothing has happened', async () => {
    expect(await lag.measure()).toEqual({ events: 0, ms: 0 });
    lastPosition = 7;
    following.position = 7;
    following.newestAt = '2020-01-01T00:00:00.000Z';
    later(3_600_000);
    expect(await lag.measure()).toEqual({ events: 0, ms: 0 });
  });

  it('grows from when the follower was last seen at the end of the log', async () => {
    await lag.measure();
    later(60_000);
    await lag.measure();
    lastPosition = 10;
    later(400);
    expect(await lag.measure()).toEqual({ events: 10, ms: 400 });
    lastPosition = 20;
    later(600);
    expect(await lag.measure()).toEqual({ events: 20, ms: 1000 });
    following.position = 10; // What the end was 600 ms ago.
    expect(await lag.measure()).toEqual({ events: 10, ms: 600 });
    following.position = 20;
    expect(await lag.measure()).toEqual({ events: 0, ms: 0 });
  });

  it('is that of the newest event taken when the follower comes from far behind', async () => {
    lastPosition = 1_000_000;
    later(50);
    expect(await lag.measure()).toEqual({ events: 1_000_000, ms: 50 }); // Nothing is known yet.
    following.position = 400_000;
    following.newestAt = new Date(START_MS - 3_600_000).toISOString();
    later(950);
    expect(await lag.measure()).toEqual({ events: 600_000, ms: 3_601_000 });
  });

  it('is told while the log does not say how long it is', async () => {
    lastPosition = new Error('the log is away');
    later(300);
    expect(await lag.measure()).toEqual({ events: null, ms: 300 });
    lastPosition = 5;
    following.position = 5;
    await lag.measure();
    lastPosition = new Error('the log is away');
    later(8000);
    expect(await lag.measure()).toEqual({ events: 0, ms: 8000 });
  });

  it('is known for hours without remembering ever more', async () => {
    await lag.measure();
    for (let second = 1; second <= 5000; second++) {
      lastPosition = second;
      later(1000);
      await lag.measure();
    }
    expect(await lag.measure()).toEqual({ events: 5000, ms: 5_000_000 });
    following.position = 2500;
    const { ms } = await lag.measure();
    expect(ms).toBeGreaterThanOrEqual(2_500_000);
    expect(ms).toBeLessThan(2_600_000);
  });
});
