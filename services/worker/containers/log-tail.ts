import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES_MAX = 2048;
const TAIL_LINES_MAX = 12;

/**
 * The last lines that a file got behind byte `fromOffset`: what a handler said before it died.
 * Empty when it said nothing or the file cannot be read.
 */
export function logTail(file: string, fromOffset: number): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(fd);
      const start = Math.max(fromOffset, size - TAIL_BYTES_MAX);
      const bytes = Buffer.alloc(Math.max(size - start, 0));
      readSync(fd, bytes, 0, bytes.length, start);
      return bytes.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES_MAX).join('\n');
    } finally {
      closeSync(fd);
    }
  } catch {
    return ''; // The reason that this would explain is worth more than the explanation.
  }
}
