import { DEPTH_MAX } from './json-scanner.ts';

/** Bytes behind a line that `endOfJsonInLine` may read: it looks at most that far beyond the newline. */
export const LINE_PADDING_BYTES = 8;

/** `endOfJsonInLine` found no JSON. Offsets are never negative. */
export const NOT_JSON = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/** `true`, `null` and the `alse` of `false`, as little-endian numbers. */
const TRUE = 0x65757274;
const NULL = 0x6c6c756e;
const ALSE = 0x65736c61;

const flags = (characters: string): Uint8Array => {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
};
/** Characters that may follow a backslash, but for `u`. */
const isEscape = flags('"\\/bfnrt');
const isHexDigit = flags('0123456789abcdefABCDEF');

/** Whether what encloses an open container is an object. Scanning never yields, so one serves all. */
const isInObject = new Uint8Array(DEPTH_MAX);

/**
 * Finds the end of the JSON value that starts at `start`, on a line of UTF-8 that ends with a
 * newline. Accepts what `checkJson` accepts, several times as fast, and says only whether: what is
 * wrong with a line, `checkJson` tells. A newline is never white space here, and no value contains
 * one, so the newline stops every loop, and no loop compares with the length.
 *
 * @param text valid UTF-8, with a newline at or after `start` and `LINE_PADDING_BYTES` behind it
 * @returns the offset behind the value, with anything behind it, or `NOT_JSON`
 */
export function endOfJsonInLine(text: DataView, start: number): number {
  let at = start;
  let depth = 0;
  let inObject = false;
  for (;;) {
    at = skipBlanks(text, at);
    const byte = text.getUint8(at);
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (depth === DEPTH_MAX) return NOT_JSON;
      isInObject[depth++] = inObject ? 1 : 0;
      inObject = byte === OPEN_OBJECT;
      at = skipBlanks(text, at + 1);
      if (text.getUint8(at) !== closingOf(inObject)) {
        if (inObject) at = startOfMemberValue(text, at);
        if (at === NOT_JSON) return NOT_JSON;
        continue;
      }
    } else {
      at = endOfScalar(text, at, byte);
      if (at === NOT_JSON) return NOT_JSON;
    }

    // A value has ended, or `at` is on the bracket of an empty one: close what closes here.
    for (;;) {
      if (depth === 0) return at;
      at = skipBlanks(text, at);
      const next = text.getUint8(at++);
      if (next === COMMA) {
        if (inObject) at = startOfMemberValue(text, skipBlanks(text, at));
        if (at === NOT_JSON) return NOT_JSON;
        break;
      }
      if (next !== closingOf(inObject)) return NOT_JSON;
      inObject = isInObject[--depth] === 1;
    }
  }
}

/** Goes over the white space of JSON that is no newline. */
export function skipBlanks(text: DataView, start: number): number {
  let at = start;
  let byte = text.getUint8(at);
  while (byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN) byte = text.getUint8(++at);
  return at;
}

const closingOf = (inObject: boolean): number => (inObject ? CLOSE_OBJECT : CLOSE_ARRAY);

function startOfMemberValue(text: DataView, nameStart: number): number {
  if (text.getUint8(nameStart) !== QUOTE) return NOT_JSON;
  const nameEnd = endOfString(text, nameStart + 1);
  if (nameEnd === NOT_JSON) return NOT_JSON;
  const at = skipBlanks(text, nameEnd);
  return text.getUint8(at) === COLON ? at + 1 : NOT_JSON;
}

function endOfScalar(text: DataView, at: number, byte: number): number {
  switch (byte) {
    case QUOTE:
      return endOfString(text, at + 1);
    case 0x74: // t
      return text.getInt32(at, true) === TRUE ? at + 4 : NOT_JSON;
    case 0x66: // f
      return text.getInt32(at + 1, true) === ALSE ? at + 5 : NOT_JSON;
    case 0x6e: // n
      return text.getInt32(at, true) === NULL ? at + 4 : NOT_JSON;
    default:
      return endOfNumber(text, at);
  }
}

/** `start` is behind the opening quote. */
function endOfString(text: DataView, start: number): number {
  let at = start;
  for (;;) {
    const stops = stopsAmong(text.getInt32(at, true));
    if (stops === 0) {
      at += 4;
      continue;
    }
    at += (31 - Math.clz32(stops & -stops)) >>> 3; // the lowest one; those above it may be false
    const byte = text.getUint8(at);
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return NOT_JSON;
    at = endOfEscape(text, at);
    if (at === NOT_JSON) return NOT_JSON;
  }
}

/**
 * Looks at four bytes of a string at once, which is what makes the scanner fast: the top bit of
 * each byte of the result says that a control character, a quote or a backslash stands there. A
 * byte above one that stops may be marked wrongly, because the subtractions borrow from it.
 * (Mycroft's test for a zero byte, and its form for a byte below a limit.)
 */
const stopsAmong = (four: number): number =>
  ((four - 0x20202020) | ((four ^ 0x22222222) - 0x01010101) | ((four ^ 0x5c5c5c5c) - 0x01010101)) &
  ~four &
  0x80808080;

function endOfEscape(text: DataView, at: number): number {
  const byte = text.getUint8(at + 1);
  if (isEscape[byte] === 1) return at + 2;
  if (byte !== 0x75) return NOT_JSON;
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (isHexDigit[text.getUint8(digit)] !== 1) return NOT_JSON;
  }
  return at + 6;
}

function endOfNumber(text: DataView, start: number): number {
  let at = text.getUint8(start) === MINUS ? start + 1 : start;
  at = text.getUint8(at) === DIGIT_0 ? at + 1 : endOfDigits(text, at);
  if (at === NOT_JSON) return NOT_JSON;
  if (text.getUint8(at) === DOT) {
    at = endOfDigits(text, at + 1);
    if (at === NOT_JSON) return NOT_JSON;
  }
  if ((text.getUint8(at) | 0x20) !== 0x65) return at; // e or E
  const sign = text.getUint8(at + 1);
  return endOfDigits(text, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

function endOfDigits(text: DataView, start: number): number {
  let at = start;
  let byte = text.getUint8(at);
  while (byte >= DIGIT_0 && byte <= DIGIT_9) byte = text.getUint8(++at);
  return at === start ? NOT_JSON : at;
}
