import { describe, expect, it } from '@jest/globals';
import { jsonLines, prefixedLines } from './log-writers.ts';

const printed = (): { lines: string[]; print: (line: string) => void } => {
  const lines: string[] = [];
  return { lines, print: (line) => lines.push(line) };
};

describe('lines of several workers', () => {
  it('are printed when they are complete, whole characters included', () => {
    const { lines, print } = printed();
    const writer = prefixedLines({ print });
    const bytes = Buffer.from('grün\nnext');
    writer.add('0', bytes.subarray(0, 3)); // Half of the ü.
    writer.add('1', Buffer.from('other\r\n'));
    expect(lines).toEqual(['worker 1 | other']);
    writer.add('0', bytes.subarray(3));
    expect(lines).toEqual(['worker 1 | other', 'worker 0 | grün']);
    writer.end();
    expect(lines.at(-1)).toBe('worker 0 | next');
  });

  it('are one JSON object each for programs', () => {
    const { lines, print } = printed();
    const writer = jsonLines({ print });
    writer.add('2', Buffer.from('a "b"\n'));
    writer.end();
    expect(lines).toEqual(['{"worker":"2","message":"a \\"b\\""}']);
  });
});
