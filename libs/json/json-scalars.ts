import { JsonSyntaxError } from './json-syntax-error.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** 1 for bytes that stand for themselves in a string: ASCII but controls, quote and backslash. */
const isPlain = new Uint8Array(256).fill(1, 0x20, 0x80);
isPlain[QUOTE] = 0;
isPlain[BACKSLASH] = 0;

/** Characters that may follow a backslash, but for `u`. */
const isEscape = new Uint8Array(256);
for (const character of '"\\/bfnrt') isEscape[character.charCodeAt(0)] = 1;

/** Returns the offset after the string whose opening quote is at `start`. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (isPlain[byte] === 1) at++;
    else if (byte === QUOTE) return at + 1;
    else if (byte === BACKSLASH) at = endOfEscape(bytes, at);
    else if (byte >= 0x80) at = endOfCharacter(bytes, at);
    else throw new JsonSyntaxError('control characters in strings must be escaped', bytes, at);
  }
  throw new JsonSyntaxError('the text ends inside a string', bytes, bytes.length);
}

function endOfEscape(bytes: Uint8Array, start: number): number {
  const byte = bytes[start + 1] ?? 0;
  if (isEscape[byte] === 1) return start + 2;
  if (byte !== 0x75) throw new JsonSyntaxError('unknown escape sequence', bytes, start);
  for (let at = start + 2; at < start + 6; at++) {
    if (!isHexDigit(bytes[at] ?? 0)) {
      throw new JsonSyntaxError('\\u must be followed by four hex digits', bytes, start);
    }
  }
  return start + 6;
}

const isHexDigit = (byte: number): boolean =>
  isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);

/**
 * Returns the offset after the character of two to four bytes at `start`: RFC 3629, so no overlong
 * forms, no surrogates, nothing above U+10FFFF.
 */
function endOfCharacter(bytes: Uint8Array, start: number): number {
  const first = bytes[start] ?? 0;
  const second = bytes[start + 1] ?? 0;
  const length = characterLength(first, second);
  for (let at = start + 1; at < start + length; at++) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) throw malformed(bytes, start);
  }
  if (length === 0) throw malformed(bytes, start);
  return start + length;
}

/** 0 when no character starts with these two bytes. Table 3-7 of the Unicode standard. */
function characterLength(first: number, second: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first === 0xe0) return second >= 0xa0 ? 3 : 0;
  if (first === 0xed) return second <= 0x9f ? 3 : 0;
  if (first >= 0xe1 && first <= 0xef) return 3;
  if (first === 0xf0) return second >= 0x90 ? 4 : 0;
  if (first >= 0xf1 && first <= 0xf3) return 4;
  if (first === 0xf4) return second <= 0x8f ? 4 : 0;
  return 0;
}

const malformed = (bytes: Uint8Array, at: number): JsonSyntaxError =>
  new JsonSyntaxError('the text is not valid UTF-8', bytes, at);

/** Returns the offset after the number at `start`, which is on a digit or a minus sign. */
export function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = bytes[at] === DIGIT_0 ? at + 1 : endOfDigits(bytes, at);
  if (at >= bytes.length) return at;
  if (bytes[at] === DOT) at = endOfDigits(bytes, at + 1);
  if (at >= bytes.length || ((bytes[at] ?? 0) | 0x20) !== 0x65) return at; // e or E
  at++;
  if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
  return endOfDigits(bytes, at);
}

function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isDigit(bytes[at] ?? 0)) at++;
  if (at === start) throw new JsonSyntaxError('expected a digit', bytes, at);
  return at;
}

const isDigit = (byte: number): boolean => byte >= DIGIT_0 && byte <= DIGIT_9;

/** Returns the offset after `literal`, whose first letter is at `start`. */
export function endOfLiteral(bytes: Uint8Array, start: number, literal: string): number {
  for (let index = 1; index < literal.length; index++) {
    if (bytes[start + index] !== literal.charCodeAt(index)) {
      throw new JsonSyntaxError(`expected '${literal}'`, bytes, start);
    }
  }
  return start + literal.length;
}
