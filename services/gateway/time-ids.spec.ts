import { describe, expect, it } from '@jest/globals';
import { TimeIds } from './time-ids.ts';

const at = (iso: string): Date => new Date(iso);
const midnight = (): Date => at('2026-01-02T00:00:00Z');

describe('TimeIds', () => {
  it('makes ids of 16 hex digits that tell the millisecond they were made in', () => {
    const id = new TimeIds(() => at('2026-01-02T03:04:05.678Z')).next();
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    const ns = 2n ** 63n - 1n - BigInt(`0x${id}`);
    expect(new Date(Number(ns / 1_000_000n)).toISOString()).toBe('2026-01-02T03:04:05.678Z');
  });

  it('makes smaller ids later, also within a millisecond and when the clock goes back', () => {
    const times = ['2026-01-02T00:00:01Z', '2026-01-02T00:00:01Z', '2026-01-02T00:00:00Z'];
    let now = at('2026-01-02T00:00:02Z');
    const ids = new TimeIds(() => now);
    const made = [ids.next()];
    for (const time of times) {
      now = at(time);
      for (let n = 0; n < 1000; n++) made.push(ids.next());
    }
    expect(made.toSorted().toReversed()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it('makes different ids in different gateways at the same time', () => {
    expect(new TimeIds(midnight).next()).not.toBe(new TimeIds(midnight).next());
  });
});
