import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Node prints a native stack trace of some kilobytes behind its reason for an abort. */
const TAIL_BYTES_MAX = 16_384;
const SHOWN_LINES_MAX = 12;
const SHOWN_CHARS_MAX = 2000;

/**
 * The last that a file got behind byte `fromOffset`: what a handler said before it died.
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
      return bytes.toString('utf8').trimEnd();
    } finally {
      closeSync(fd);
    }
  } catch {
    return ''; // The reason that this would explain is worth more than the explanation.
  }
}

/** The last lines of a text, few enough to be part of a message. */
export const lastLines = (text: string): string =>
  text.split('\n').slice(-SHOWN_LINES_MAX).join('\n').slice(-SHOWN_CHARS_MAX);
