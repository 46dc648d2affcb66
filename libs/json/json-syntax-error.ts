/** Where in a text a byte stands. Both count from 1; columns count characters, not bytes. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Bytes that are no JSON text. `offset` is that of the first byte that cannot be there. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly position: TextPosition;

  constructor(
    readonly problem: string,
    bytes: Uint8Array,
    readonly offset: number,
  ) {
    const position = positionOf(bytes, offset);
    super(
      `invalid JSON at line ${position.line}, column ${position.column} (byte ${offset}): ${problem}`,
    );
    this.position = position;
  }
}

const NEWLINE = 0x0a;

/** Malformed UTF-8 before `offset` is counted in the same way: no byte sequence makes this fail. */
export function positionOf(bytes: Uint8Array, offset: number): TextPosition {
  let line = 1;
  let lineStart = 0;
  for (
    let at = bytes.indexOf(NEWLINE);
    at !== -1 && at < offset;
    at = bytes.indexOf(NEWLINE, at + 1)
  ) {
    line++;
    lineStart = at + 1;
  }
  let column = 1;
  for (let at = lineStart; at < offset; at++) {
    if (!isContinuation(bytes[at] ?? 0)) column++;
  }
  return { line, column };
}

/** Bytes 2 to 4 of a character in UTF-8. */
const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;
