import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { damaged, isJsonByReference, json } from '#test/support/json-texts.ts';
import { endOfJsonInLine, LINE_PADDING_BYTES, NOT_JSON, skipBlanks } from './json-line.ts';
import { DEPTH_MAX } from './json-scanner.ts';

const encoder = new TextEncoder();
const NEWLINE = 0x0a;

/** White space that is no newline: in a JSON text, a newline can be nothing else. */
const jsonLine = json.map((text) => text.replaceAll('\n', ' '));
const lineOf = (bytes: Uint8Array): Uint8Array => bytes.filter((byte) => byte !== NEWLINE);

/** The line at `start` of a text, with whatever `padding` behind it. */
function textOf(line: Uint8Array, { start = 0, padding = 0 } = {}): DataView {
  const text = new Uint8Array(start + line.length + 1 + LINE_PADDING_BYTES).fill(padding);
  text.set(line, start);
  text[start + line.length] = NEWLINE;
  return new DataView(text.buffer);
}

function isJson(line: Uint8Array, place = {}): boolean {
  const text = textOf(line, place);
  const start = text.byteLength - line.length - 1 - LINE_PADDING_BYTES;
  const end = endOfJsonInLine(text, start);
  return end !== NOT_JSON && skipBlanks(text, end) === start + line.length;
}

const isJsonText = (line: string): boolean => isJson(encoder.encode(line));

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const place = fc.record({
  start: fc.nat({ max: 5 }),
  padding: fc.oneof(fc.nat(255), fc.constantFrom(0x22, 0x30, 0x61, 0x20, 0x5d)),
});

describe('endOfJsonInLine', () => {
  it('accepts every JSON text on one line, wherever it stands', () => {
    fc.assert(
      fc.property(jsonLine, place, (line, where) => {
        expect(isJson(encoder.encode(line), where)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with JSON.parse on damaged texts, whatever stands behind the line', () => {
    const lines = damaged(jsonLine.map((line) => encoder.encode(line))).map(lineOf);
    fc.assert(
      fc.property(lines.filter(isUtf8), place, (line, where) => {
        expect(isJson(line, where)).toBe(isJsonByReference(line));
      }),
      { numRuns: 10_000 },
    );
  });

  it('agrees with JSON.parse on short texts of the characters that matter', () => {
    const characters = fc.constantFrom(
      ...Array.from('{}[],:"\\/0123-+.eEutrnlfas \t\r\u0000\u001f\u007fü€'),
    );
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 6 }), (line) => {
        expect(isJsonText(line)).toBe(isJsonByReference(encoder.encode(line)));
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with JSON.parse on every byte at every place in four bytes of a string', () => {
    const disagreed: string[] = [];
    for (let byte = 0; byte < 256; byte++) {
      if (byte === NEWLINE) continue;
      for (const before of ['', 'a', 'ab', 'abc', 'abcd', ' !#[', '\u007f~]^']) {
        for (const after of ['', 'n', 'u00aF', 'abcd"', '"']) {
          const text = `"${before}${String.fromCharCode(byte)}${after}"`;
          const line = encoder.encode(text);
          if (isJson(line) !== isJsonByReference(line)) disagreed.push(text);
        }
      }
    }
    expect(disagreed).toEqual([]);
  });

  it('ends the value before anything else that is on the line', () => {
    const text = textOf(encoder.encode(' {"a":[1,2]} \r{}'));
    expect(endOfJsonInLine(text, 0)).toBe(12);
  });

  it(`reads ${DEPTH_MAX} levels and refuses more`, () => {
    expect([isJsonText(nested(DEPTH_MAX)), isJsonText(nested(DEPTH_MAX + 1))]).toEqual([
      true,
      false,
    ]);
  });
});
