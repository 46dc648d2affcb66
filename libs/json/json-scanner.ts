import { JsonSyntaxError } from './json-syntax-error.ts';
import { endOfLiteral, endOfNumber, endOfString } from './json-scalars.ts';

/** Deepest nesting of arrays and objects that is read. */
export const DEPTH_MAX = 512;

/** A value inside a text, as a view of the bytes it was written with. */
export interface JsonElement {
  /** The value without the white space around it. Shares memory with the text. */
  readonly bytes: Uint8Array;
  /** Offset in the text of the first byte after the value. */
  readonly endOffset: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;
/** Stands for the byte after the last one; no byte has this value. */
const END = -1;

/** Containers that are open while a value is scanned. Scanning never yields, so one serves all. */
const openContainers = new Uint8Array(DEPTH_MAX);

/**
 * Checks that `bytes` are one JSON text: RFC 8259 in UTF-8, as strict as `JSON.parse`, without a
 * byte order mark, at most `DEPTH_MAX` deep.
 *
 * @throws JsonSyntaxError
 */
export function checkJson(bytes: Uint8Array): void {
  expectEnd(bytes, endOfValue(bytes, skipSpace(bytes, 0)));
}

/**
 * The elements of a JSON array, one at a time, checked as they come.
 *
 * @param bytes text of the whole array
 * @param start 0, or the `endOffset` of an element, to go on with the element after it
 * @throws JsonSyntaxError when the text turns out not to be an array, during the iteration
 */
export function* arrayElements(bytes: Uint8Array, start = 0): Generator<JsonElement, void> {
  const cursor = new ArrayCursor(bytes, start);
  while (cursor.next()) {
    yield {
      bytes: bytes.subarray(cursor.startOffset, cursor.endOffset),
      endOffset: cursor.endOffset,
    };
  }
}

/** Walks over the elements of a JSON array without allocating anything for them. */
export class ArrayCursor {
  /** Bounds of the element that `next` went to. */
  startOffset = 0;
  endOffset: number;

  /** `start` as in `arrayElements`. */
  constructor(
    private readonly bytes: Uint8Array,
    start = 0,
  ) {
    this.endOffset = start;
  }

  /**
   * Goes to the next element; `false` when there is none and the text is complete.
   *
   * @throws JsonSyntaxError
   */
  next(): boolean {
    const { bytes } = this;
    const isFirst = this.endOffset === 0;
    let at = skipSpace(bytes, this.endOffset);
    if (isFirst) at = skipSpace(bytes, expectByte(bytes, at, OPEN_ARRAY));
    const byte = byteAt(bytes, at);
    if (byte === CLOSE_ARRAY) {
      expectEnd(bytes, at + 1);
      return false;
    }
    if (!isFirst) at = skipSpace(bytes, expectSeparator(bytes, at, CLOSE_ARRAY));
    this.startOffset = at;
    this.endOffset = endOfValue(bytes, at);
    return true;
  }
}

/**
 * The members of a JSON object by name, in the order of their first appearance. Of members with
 * the same name the last one counts, as in `JSON.parse`.
 *
 * @param bytes text of the whole object
 * @throws JsonSyntaxError when the text is not an object
 */
export function objectMembers(bytes: Uint8Array): Map<string, JsonElement> {
  const members = new Map<string, JsonElement>();
  let at = skipSpace(bytes, expectByte(bytes, skipSpace(bytes, 0), OPEN_OBJECT));
  if (byteAt(bytes, at) === CLOSE_OBJECT) {
    expectEnd(bytes, at + 1);
    return members;
  }
  for (;;) {
    const nameStart = at;
    const nameEnd = endOfName(bytes, nameStart);
    const valueStart = startOfMemberValue(bytes, nameEnd);
    const endOffset = endOfValue(bytes, valueStart);
    members.set(decodeString(bytes.subarray(nameStart, nameEnd)), {
      bytes: bytes.subarray(valueStart, endOffset),
      endOffset,
    });
    at = skipSpace(bytes, endOffset);
    if (byteAt(bytes, at) === CLOSE_OBJECT) break;
    at = skipSpace(bytes, expectSeparator(bytes, at, CLOSE_OBJECT));
  }
  expectEnd(bytes, at + 1);
  return members;
}

/**
 * Checks the value that starts at `start` and returns the offset after it.
 *
 * One loop instead of recursion: nesting costs no stack, and a hostile text no stack overflow.
 */
function endOfValue(bytes: Uint8Array, start: number): number {
  let at = start;
  let depth = 0;
  for (;;) {
    const byte = byteAt(bytes, at);
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (depth === DEPTH_MAX) throw tooDeep(bytes, at);
      openContainers[depth++] = byte;
      at = skipSpace(bytes, at + 1);
      if (byteAt(bytes, at) !== closingOf(byte)) {
        if (byte === OPEN_OBJECT) at = startOfMemberValue(bytes, endOfName(bytes, at));
        continue;
      }
    } else {
      at = endOfScalar(bytes, at, byte);
    }

    // A value has ended, or `at` is on the bracket of an empty one: close what closes here.
    for (;;) {
      if (depth === 0) return at;
      const open = openContainers[depth - 1] ?? END;
      at = skipSpace(bytes, at);
      if (byteAt(bytes, at) === closingOf(open)) {
        depth--;
        at++;
        continue;
      }
      at = skipSpace(bytes, expectSeparator(bytes, at, closingOf(open)));
      if (open === OPEN_OBJECT) at = startOfMemberValue(bytes, endOfName(bytes, at));
      break;
    }
  }
}

function endOfScalar(bytes: Uint8Array, at: number, byte: number): number {
  switch (byte) {
    case QUOTE:
      return endOfString(bytes, at);
    case 0x74: // t
      return endOfLiteral(bytes, at, 'true');
    case 0x66: // f
      return endOfLiteral(bytes, at, 'false');
    case 0x6e: // n
      return endOfLiteral(bytes, at, 'null');
    default:
      if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return endOfNumber(bytes, at);
      throw unexpected('a value', bytes, at);
  }
}

function endOfName(bytes: Uint8Array, at: number): number {
  if (byteAt(bytes, at) !== QUOTE) throw unexpected('a member name in double quotes', bytes, at);
  return endOfString(bytes, at);
}

const startOfMemberValue = (bytes: Uint8Array, nameEnd: number): number =>
  skipSpace(bytes, expectByte(bytes, skipSpace(bytes, nameEnd), COLON));

function expectByte(bytes: Uint8Array, at: number, byte: number): number {
  if (byteAt(bytes, at) === byte) return at + 1;
  throw unexpected(`'${String.fromCodePoint(byte)}'`, bytes, at);
}

function expectSeparator(bytes: Uint8Array, at: number, closing: number): number {
  if (byteAt(bytes, at) === COMMA) return at + 1;
  throw unexpected(`',' or '${String.fromCodePoint(closing)}'`, bytes, at);
}

function expectEnd(bytes: Uint8Array, after: number): void {
  const at = skipSpace(bytes, after);
  if (at < bytes.length) throw unexpected('the end of the text', bytes, at);
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const byte = byteAt(bytes, at);
    // Nearly every byte that is not white space is above it: one comparison decides.
    if (byte > SPACE || (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

const closingOf = (open: number): number => (open === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT);

/** Never reads beyond the array: engines make that slow for all reads after it. */
const byteAt = (bytes: Uint8Array, at: number): number =>
  at < bytes.length ? (bytes[at] ?? END) : END;

/** Names are checked before they are decoded, so this never fails. */
const decodeString = (literal: Uint8Array): string => String(JSON.parse(asText.decode(literal)));

const asText = new TextDecoder();

function tooDeep(bytes: Uint8Array, at: number): JsonSyntaxError {
  return new JsonSyntaxError(`nested deeper than ${DEPTH_MAX} levels`, bytes, at);
}

function unexpected(wanted: string, bytes: Uint8Array, at: number): JsonSyntaxError {
  return new JsonSyntaxError(`expected ${wanted} but found ${describeByte(bytes, at)}`, bytes, at);
}

function describeByte(bytes: Uint8Array, at: number): string {
  const byte = byteAt(bytes, at);
  if (byte === END) return 'the end of the text';
  if (byte === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) return 'a byte order mark';
  if (byte > SPACE && byte < 0x7f) return `'${String.fromCodePoint(byte)}'`;
  return `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
