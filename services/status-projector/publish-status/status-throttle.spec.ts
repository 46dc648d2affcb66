import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { StatusThrottle } from './status-throttle.ts';

const INTERVAL_MS = 200;

describe('StatusThrottle', () => {
  let throttle: StatusThrottle<string>;
  beforeEach(() => {
    throttle = new StatusThrottle(INTERVAL_MS);
  });

  it('lets the first change through at once', () => {
    expect(throttle.changed('a', 1000)).toBe(true);
    expect(throttle.nextDueMs()).toBeNull();
  });

  it('holds the next ones until the interval is over, and gives them as one', () => {
    throttle.changed('a', 1000);
    expect(throttle.changed('a', 1001)).toBe(false);
    expect(throttle.changed('a', 1150)).toBe(false);
    expect(throttle.nextDueMs()).toBe(1200);
    expect(throttle.due(1199)).toEqual([]);
    expect(throttle.due(1200)).toEqual(['a']);
    expect(throttle.due(1400)).toEqual([]);
  });

  it('counts the interval from the last time the key was told', () => {
    throttle.changed('a', 1000);
    throttle.changed('a', 1100);
    throttle.due(1200);
    expect(throttle.changed('a', 1399)).toBe(false);
    expect(throttle.due(1400)).toEqual(['a']);
    expect(throttle.changed('a', 1600)).toBe(true);
  });

  it('holds each key for itself', () => {
    throttle.changed('a', 1000);
    expect(throttle.changed('b', 1100)).toBe(true);
    throttle.changed('b', 1101);
    throttle.changed('a', 1102);
    expect(throttle.nextDueMs()).toBe(1200);
    expect(throttle.due(1200)).toEqual(['a']);
    expect(throttle.nextDueMs()).toBe(1300);
  });

  it('gives what is left at the end', () => {
    throttle.changed('a', 1000);
    throttle.changed('a', 1001);
    expect(throttle.flush()).toEqual(['a']);
    expect(throttle.flush()).toEqual([]);
  });

  it('forgets keys that have been quiet', () => {
    for (let n = 0; n < 100; n++) throttle.changed(`job ${n}`, 1000);
    throttle.changed('late', 1000 + INTERVAL_MS);
    expect(throttle.size).toBe(1);
  });

  it('tells every change within the interval, and no key more often', () => {
    const changes = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), afterMs: fc.nat(300) }),
    );
    fc.assert(
      fc.property(changes, (sequence) => {
        const told = new Map<string, number[]>();
        const tell = (key: string, nowMs: number): void =>
          void told.set(key, [...(told.get(key) ?? []), nowMs]);
        const subject = new StatusThrottle<string>(INTERVAL_MS);
        let nowMs = 0;
        const waitUntil = (timeMs: number): void => {
          for (let due = subject.nextDueMs(); due !== null && due <= timeMs;) {
            for (const key of subject.due(due)) tell(key, due);
            due = subject.nextDueMs();
          }
        };
        for (const { key, afterMs } of sequence) {
          nowMs += afterMs;
          waitUntil(nowMs);
          const changedMs = nowMs;
          if (subject.changed(key, nowMs)) tell(key, nowMs);
          else expect(subject.nextDueMs()).toBeLessThanOrEqual(changedMs + INTERVAL_MS);
        }
        waitUntil(Infinity);
        for (const { key } of sequence) expect(told.has(key)).toBe(true);
        for (const times of told.values()) {
          const gaps = times.slice(1).map((time, n) => time - (times[n] ?? 0));
          expect(gaps.filter((gapMs) => gapMs < INTERVAL_MS)).toEqual([]);
        }
      }),
    );
  });
});
