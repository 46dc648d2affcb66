import { invariant } from '#libs/domain/kernel/errors.ts';
import { checkJson } from '#libs/json/json-scanner.ts';
import { JsonSyntaxError } from '#libs/json/json-syntax-error.ts';

export interface LineProblem {
  readonly problem: string;
  /** Of the first byte that is wrong, in the line. */
  readonly offset: number;
}

/** Starts of files that are no UTF-8 text, and what the file is then. UTF-32 before UTF-16: FF FE starts both. */
const FOREIGN_FILES: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], 'the file is UTF-32; it must be UTF-8'],
  [[0x00, 0x00, 0xfe, 0xff], 'the file is UTF-32; it must be UTF-8'],
  [[0xff, 0xfe], 'the file is UTF-16; it must be UTF-8'],
  [[0xfe, 0xff], 'the file is UTF-16; it must be UTF-8'],
  [
    [0x1f, 0x8b],
    'the file is gzip, but neither does its name end with .gz nor is its Content-Encoding gzip',
  ],
];

/** Says what is wrong with a line that is not JSON. `line` has no newline. */
export function problemOfLine(line: Uint8Array, isFirst: boolean): LineProblem {
  const foreign = FOREIGN_FILES.find(([start]) => start.every((byte, at) => line[at] === byte));
  if (isFirst && foreign !== undefined) return { problem: foreign[1], offset: 0 };
  const error = syntaxErrorOf(line);
  invariant(error !== null, 'a line that was refused is JSON');
  const problem = error.problem.replaceAll('the text', 'the line');
  const isCutOff = error.offset === line.length;
  return {
    problem: isCutOff ? `${problem}; each line must be a whole JSON value` : problem,
    offset: error.offset,
  };
}

function syntaxErrorOf(line: Uint8Array): JsonSyntaxError | null {
  try {
    checkJson(line);
    return null;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
}
