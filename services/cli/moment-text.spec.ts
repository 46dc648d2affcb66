import { describe, expect, it } from '@jest/globals';
import { momentText } from './moment-text.ts';

const noon = new Date(2026, 10, 23, 12, 0, 0);
const textOf = (text: string, nowMs = noon.getTime()): string =>
  momentText({ nowMs: () => nowMs }, '--at', text);
const local = (day: number, ...time: [number, number, number, number?]): string =>
  new Date(2026, 10, day, ...time).toISOString();

describe('a moment on the command line', () => {
  it.each(['2026-11-23T10:31:05Z', '2026-11-23T10:31:05.123+02:00', '0', '4711'])(
    'is a time or a position as it is: %s',
    (text) => {
      expect(textOf(text)).toBe(text);
    },
  );

  it('is a time of day here, the last one that has passed', () => {
    expect(textOf('10:31:05')).toBe(local(23, 10, 31, 5));
    expect(textOf('10:31:05.25')).toBe(local(23, 10, 31, 5, 250));
    expect(textOf('9:05')).toBe(local(23, 9, 5, 0));
    expect(textOf('12:00')).toBe(local(23, 12, 0, 0));
    expect(textOf('12:00:01')).toBe(local(22, 12, 0, 1));
  });

  it.each(['yesterday', '24:00', '10:60', '10:00:60', '2026-11-23', '-1', ''])(
    'is not %p',
    (text) => {
      expect(() => textOf(text)).toThrow('--at takes a time of day (10:31:05), a time');
    },
  );
});
