import { describe, expect, it } from '@jest/globals';
import { age, preciseDuration, shortTime, wholeDuration } from './time-format.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('durations', () => {
  it.each([
    [-5, '0s'], // The gateway's clock is ahead of ours.
    [0, '0s'],
    [999, '0s'],
    [42 * S, '42s'],
    [12 * M + 5 * S, '12m5s'],
    [5 * M, '5m0s'],
    [H, '1h0m0s'],
    [49 * H + 61 * S, '49h1m1s'],
  ])('of %d ms are written in whole seconds as %s', (durationMs, text) => {
    expect(wholeDuration(durationMs)).toBe(text);
  });

  it.each([
    [0, '0ms'],
    [0.85, '850µs'],
    [12.5, '12.5ms'],
    [1234, '1.234s'],
    [2000, '2s'],
    [59_999, '59.999s'],
    [M + 500, '1m0s'],
  ])('of %d ms are written precisely as %s', (durationMs, text) => {
    expect(preciseDuration(durationMs)).toBe(text);
  });

  it.each([
    [42 * S, '42s'],
    [5 * M + 12 * S, '5m12s'],
    [3 * H + 20 * M + 59 * S, '3h20m'],
    [2 * D + 4 * H + 5 * M, '2d4h'],
    [D, '1d0h'],
  ])('of %d ms are ages of %s', (durationMs, text) => {
    expect(age(durationMs)).toBe(text);
  });
});

describe('a time', () => {
  it('is shown in UTC whatever zone it was written in', () => {
    expect(shortTime('2021-06-10T12:00:00.999Z')).toBe('10 Jun 21 12:00:00 UTC');
    expect(shortTime('2026-01-01T00:30:09+01:00')).toBe('31 Dec 25 23:30:09 UTC');
  });
});
