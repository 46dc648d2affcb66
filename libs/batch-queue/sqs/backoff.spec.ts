import { describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.ts';

describe('Backoff', () => {
  it('doubles its pauses up to the longest', () => {
    const backoff = new Backoff({ maxMs: 1000, random: () => 1 });
    const pauses = Array.from({ length: 7 }, () => backoff.nextMs());
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
  });

  it('cuts each by up to a half', () => {
    expect(new Backoff({ random: () => 0 }).nextMs()).toBe(25);
    expect(new Backoff({ random: () => 0.5 }).nextMs()).toBe(37.5);
  });

  it('starts anew after a success', () => {
    const backoff = new Backoff({ random: () => 1 });
    backoff.nextMs();
    backoff.reset();
    expect(backoff.nextMs()).toBe(50);
  });
});
