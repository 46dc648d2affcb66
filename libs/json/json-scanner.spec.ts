import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { damaged, isJsonByReference, json } from '#test/support/json-texts.ts';
import { arrayElements, ArrayCursor, checkJson, DEPTH_MAX, objectMembers } from './json-scanner.ts';
import { JsonSyntaxError } from './json-syntax-error.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

function isJson(bytes: Uint8Array): boolean {
  try {
    checkJson(bytes);
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

function problemOf(read: () => unknown): JsonSyntaxError {
  try {
    read();
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
  throw new Error('was read without a problem');
}

const nested = (depth: number): Uint8Array => bytesOf('['.repeat(depth) + ']'.repeat(depth));

const texts = (array: string, start = 0): string[] =>
  [...arrayElements(bytesOf(array), start)].map(({ bytes }) => textOf(bytes));

const members = (text: string): [string, string][] =>
  [...objectMembers(bytesOf(text))].map(([name, { bytes }]) => [name, textOf(bytes)]);

/** Without the white space of JSON; `trim` would also take characters that JSON does not. */
const trimmed = (text: string): string => text.replaceAll(/^[ \t\n\r]+|[ \t\n\r]+$/g, '');

describe('checkJson', () => {
  it('accepts every JSON text', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(isJsonByReference(bytesOf(text))).toBe(true);
        checkJson(bytesOf(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees with JSON.parse on damaged texts', () => {
    fc.assert(
      fc.property(damaged(json.map(bytesOf)), (bytes) => {
        expect(isJson(bytes)).toBe(isJsonByReference(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it('agrees with a strict decoder on every character and malformed sequence', () => {
    const inString = fc
      .uint8Array({ minLength: 1, maxLength: 5 })
      .map((inner) => Uint8Array.from([0x22, ...inner.map((byte) => byte | 0x80), 0x22]));
    fc.assert(
      fc.property(inString, (bytes) => {
        expect(isJson(bytes)).toBe(isJsonByReference(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['[1,]', 3, "expected a value but found ']'"],
    ['[1 2]', 3, "expected ',' or ']' but found '2'"],
    ['{"a":1,}', 7, "expected a member name in double quotes but found '}'"],
    ['{"a" 1}', 5, "expected ':' but found '1'"],
    ['{a:1}', 1, "expected a member name in double quotes but found 'a'"],
    ['[1] x', 4, "expected the end of the text but found 'x'"],
    ['', 0, 'expected a value but found the end of the text'],
    ['[', 1, 'expected a value but found the end of the text'],
    ['"abc', 4, 'the text ends inside a string'],
    ['"a\nb"', 2, 'control characters in strings must be escaped'],
    ['"\\x"', 1, 'unknown escape sequence'],
    ['"\\u12G4"', 1, '\\u must be followed by four hex digits'],
    ['01', 1, "expected the end of the text but found '1'"],
    ['-', 1, 'expected a digit'],
    ['1.', 2, 'expected a digit'],
    ['1e+', 3, 'expected a digit'],
    ['nul', 0, "expected 'null'"],
    ['[NaN]', 1, "expected a value but found 'N'"],
    ['\ufeff[]', 0, 'expected a value but found a byte order mark'],
  ])('says what is wrong with %j, and at which byte', (text, offset, problem) => {
    expect(problemOf(() => checkJson(bytesOf(text)))).toMatchObject({ offset, problem });
  });

  it('names line and column in characters, and the byte', () => {
    const { message } = problemOf(() => checkJson(bytesOf('{\n  "ü": 1,\n  "€€": x\n}')));
    expect(message).toBe(
      "invalid JSON at line 3, column 9 (byte 25): expected a value but found 'x'",
    );
  });

  it(`reads ${DEPTH_MAX} levels and refuses more`, () => {
    checkJson(nested(DEPTH_MAX));
    expect(problemOf(() => checkJson(nested(DEPTH_MAX + 1)))).toMatchObject({
      offset: DEPTH_MAX,
      problem: 'nested deeper than 512 levels',
    });
  });
});

describe('arrayElements', () => {
  it('gives the elements with the bytes they were written with', () => {
    expect(texts(' [ 9007199254740993 , {"b":1, "a" : 2},"ü" ,null,[ ] ] ')).toEqual([
      '9007199254740993',
      '{"b":1, "a" : 2}',
      '"ü"',
      'null',
      '[ ]',
    ]);
  });

  it.each(['[]', ' [ ] '])('gives nothing for %j', (text) => expect(texts(text)).toEqual([]));

  it('gives every element of every array, in order', () => {
    fc.assert(
      fc.property(fc.array(json, { minLength: 1 }), (items) => {
        expect(texts(`[${items.join()}]`)).toEqual(items.map(trimmed));
      }),
    );
  });

  it('goes on behind any element', () => {
    fc.assert(
      fc.property(fc.array(json, { minLength: 1, maxLength: 8 }), (items) => {
        const text = `[${items.join()}]`;
        const elements = [...arrayElements(bytesOf(text))];
        elements.forEach(({ endOffset }, index) => {
          expect(texts(text, endOffset)).toEqual(items.map(trimmed).slice(index + 1));
        });
      }),
    );
  });

  it('gives what stands before a mistake, then names it', () => {
    const seen: string[] = [];
    const problem = problemOf(() => {
      for (const { bytes } of arrayElements(bytesOf('[1,{"a":2},tru]'))) seen.push(textOf(bytes));
    });
    expect(seen).toEqual(['1', '{"a":2}']);
    expect(problem.offset).toBe(11);
  });

  it.each([
    ['{}', 0],
    ['', 0],
    ['[1]]', 3],
    ['[1', 2],
    ['[,1]', 1],
  ])('refuses %j', (text, offset) => {
    expect(problemOf(() => texts(text)).offset).toBe(offset);
  });
});

describe('ArrayCursor', () => {
  it('walks the same elements as arrayElements', () => {
    fc.assert(
      fc.property(fc.array(json), (items) => {
        const bytes = bytesOf(`[${items.join()}]`);
        const cursor = new ArrayCursor(bytes);
        for (const element of arrayElements(bytes)) {
          expect(cursor.next()).toBe(true);
          expect(bytes.subarray(cursor.startOffset, cursor.endOffset)).toEqual(element.bytes);
        }
        expect(cursor.next()).toBe(false);
      }),
    );
  });
});

describe('objectMembers', () => {
  it('gives the values as they were written, under their decoded names', () => {
    expect(members(' {"a" : 1.50 , "\\u00fc\\n":{"x" :[]}, "":"" } ')).toEqual([
      ['a', '1.50'],
      ['ü\n', '{"x" :[]}'],
      ['', '""'],
    ]);
  });

  it.each(['{}', ' { } '])('gives nothing for %j', (text) => expect(members(text)).toEqual([]));

  it('keeps names apart that objects treat specially', () => {
    expect(members('{"__proto__":1,"10":2,"2":3}')).toEqual([
      ['__proto__', '1'],
      ['10', '2'],
      ['2', '3'],
    ]);
  });

  it('lets the last of several members with one name count, as JSON.parse does', () => {
    const object = fc
      .array(fc.tuple(fc.constantFrom('"a"', '"\\u0061"', '"b"', '"c"'), json))
      .map((pairs) => `{${pairs.map(([name, value]) => `${name}:${value}`).join()}}`);
    fc.assert(
      fc.property(object, (text) => {
        const read = members(text).map(([name, value]) => [name, JSON.parse(value)]);
        expect(Object.fromEntries(read)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['[]', 0],
    ['{"a":1', 6],
    ['{"a":1}}', 7],
    ['{,}', 1],
    ['{"a":1 "b":2}', 7],
  ])('refuses %j', (text, offset) => {
    expect(problemOf(() => members(text)).offset).toBe(offset);
  });
});
