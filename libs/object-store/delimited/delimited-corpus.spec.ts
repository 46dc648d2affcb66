import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { inChunks, readWithBatcher } from '#test/support/delimited-reader.ts';
import { MalformedLine } from './line-errors.ts';

const PATH = 's3://b/k';
const bytesOf = (content: string | readonly number[]): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);
const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

const CHUNK_SIZES = [1, 2, 3, 7, 64, 1_000_000_000];
/** Every way a file may come: in chunks of any size, plain and gzipped. */
const WAYS = CHUNK_SIZES.flatMap((size) => [
  { size, isGzipped: false },
  { size, isGzipped: true },
]);

/** Items by line, as they were written, and what went wrong in which way. */
const readItems = async (bytes: Uint8Array, way: (typeof WAYS)[number]) => {
  const options = { batchSizeItems: 1, onError: 'fail' as const };
  const stored = way.isGzipped ? gzipSync(bytes) : bytes;
  const file = { path: PATH, isGzipped: way.isGzipped, chunks: inChunks(stored, [way.size]) };
  const { result, error } = await readWithBatcher([file], options);
  const items = result.batches.map(({ payload }) =>
    Buffer.from(payload.slice(1, -1), 'latin1').toString(),
  );
  return { items, error };
};

const DEEP = '['.repeat(512) + ']'.repeat(512);
const LARGEST_ITEM = `"${'a'.repeat(262_140)}"`;

// prettier-ignore
const READABLE: readonly [string, string | readonly number[], readonly string[]][] = [
  ['an empty file', '', []],
  ['a newline', '\n', []],
  ['blank lines of any white space', '\n \n\t\n\r\n \t\r\n', []],
  ['objects', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
  ['no newline at the end', '1\n2', ['1', '2']],
  ['one line without a newline', '{"a":1}', ['{"a":1}']],
  ['blank lines in between', '\n\n1\n \n2\n\n', ['1', '2']],
  ['CRLF', '{"a":1}\r\n{"a":2}\r\n', ['{"a":1}', '{"a":2}']],
  ['CRLF and LF mixed', '1\r\n2\n3\r\n', ['1', '2', '3']],
  ['a carriage return at the end of the file', '1\r\n2\r', ['1', '2']],
  ['white space around items', '  {"a": 1}\t \n\t[1, 2]  \r\n', ['{"a": 1}', '[1, 2]']],
  ['white space inside items', '{ "a" :\t1 ,\r"b":[ ] }\n', ['{ "a" :\t1 ,\r"b":[ ] }']],
  ['a byte order mark', '\ufeff{"a":1}\n2\n', ['{"a":1}', '2']],
  ['a byte order mark and CRLF', '\ufeff\r\n1\r\n', ['1']],
  ['nothing but a byte order mark', '\ufeff', []],
  ['a byte order mark inside a string', '"\ufeff"\n', ['"\ufeff"']],
  ['any JSON value', 'null\ntrue\nfalse\n-0\n1.5e-3\n"x"\n[]\n{}\n', ['null', 'true', 'false', '-0', '1.5e-3', '"x"', '[]', '{}']],
  ['characters of two to four bytes', '"ü€😀"\n{"ü":"😀😀😀"}\n', ['"ü€😀"', '{"ü":"😀😀😀"}']],
  ['line separators that are no newline', '"\u2028\u2029\u0085"\n', ['"\u2028\u2029\u0085"']],
  ['bytes 0x0a in characters of UTF-8 never', '"\u0a0a\u010a"\n', ['"\u0a0a\u010a"']],
  ['escapes as they were written', '"\\n\\u000a\\ud83d\\ude00\\/"\n', ['"\\n\\u000a\\ud83d\\ude00\\/"']],
  ['lone surrogates in escapes', '"\\ud800"\n', ['"\\ud800"']],
  ['digits no double holds', '9007199254740993\n1e400\n', ['9007199254740993', '1e400']],
  ['repeated names', '{"a":1,"a":2}\n', ['{"a":1,"a":2}']],
  ['arrays and objects in each other', '[{"a":[{"b":[]},[[]]]}]\n', ['[{"a":[{"b":[]},[[]]]}]']],
  ['512 levels', `${DEEP}\n`, [DEEP]],
  ['an item that fills a batch', `${LARGEST_ITEM}\n1`, [LARGEST_ITEM, '1']],
];

/** What stands before a mistake, and where and what it is. */
// prettier-ignore
const MALFORMED: readonly [
  string,
  string | readonly number[],
  readonly string[],
  readonly [line: number, byteOffset: number, problem: string],
][] = [
  ['a brace too many', '{"a":1}\n{"a":2}}\n', ['{"a":1}'], [2, 15, "expected the end of the line but found '}'"]],
  ['no value', '1\n\n}\n', ['1'], [3, 3, "expected a value but found '}'"]],
  ['two values on a line', '{} {}\n', [], [1, 3, "expected the end of the line but found '{'"]],
  ['pretty-printed JSON', '{\n  "a": 1\n}\n', [], [1, 1, 'expected a member name in double quotes but found the end of the line; each line must be a whole JSON value']],
  ['a value that is cut off by the end of the file', '1\n{"a":"b', ['1'], [2, 9, 'the line ends inside a string; each line must be a whole JSON value']],
  ['a raw newline in a string', '"a\nb"\n', [], [1, 2, 'the line ends inside a string; each line must be a whole JSON value']],
  ['a control character in a string', '"a\u0001b"\n', [], [1, 2, 'control characters in strings must be escaped']],
  ['a comment', '1\n// two\n', ['1'], [2, 2, "expected a value but found '/'"]],
  ['single quotes', "{'a':1}\n", [], [1, 1, "expected a member name in double quotes but found '''"]],
  ['NaN', '{"a":NaN}\n', [], [1, 5, "expected a value but found 'N'"]],
  ['CSV', 'a,b,c\n1,2,3\n', [], [1, 0, "expected a value but found 'a'"]],
  ['a trailing comma', '[1],\n[2]\n', [], [1, 3, "expected the end of the line but found ','"]],
  ['a form feed between lines', '1\n\f\n2\n', ['1'], [2, 2, 'expected a value but found byte 0x0c']],
  ['a byte order mark on a later line', '1\n\ufeff2\n', ['1'], [2, 2, 'expected a value but found a byte order mark']],
  ['two byte order marks', '\ufeff\ufeff1\n', [], [1, 3, 'expected a value but found a byte order mark']],
  ['a mistake behind a byte order mark', '\ufeff1\r\n [x]\r\n', ['1'], [2, 8, "expected a value but found 'x'"]],
  ['a byte that starts no character', [...ascii('1\n"ab'), 0xff, ...ascii('"\n')], ['1'], [2, 5, 'the line is not valid UTF-8']],
  ['Latin-1', [...ascii('"caf'), 0xe9, ...ascii('"\n')], [], [1, 4, 'the line is not valid UTF-8']],
  ['an overlong form', [...ascii('"'), 0xc0, 0x8a, ...ascii('"\n')], [], [1, 1, 'the line is not valid UTF-8']],
  ['a surrogate in UTF-8', [...ascii('"'), 0xed, 0xa0, 0x80, ...ascii('"\n')], [], [1, 1, 'the line is not valid UTF-8']],
  ['a character cut off by the newline', [...ascii('1\n2\n"'), 0xe2, 0x82, ...ascii('\n3\n')], ['1', '2'], [3, 5, 'the line is not valid UTF-8']],
  ['UTF-16, little end first', [0xff, 0xfe, ...ascii('1\u0000\n\u0000')], [], [1, 0, 'the file is UTF-16; it must be UTF-8']],
  ['UTF-16, big end first', [0xfe, 0xff, ...ascii('\u00001\u0000\n')], [], [1, 0, 'the file is UTF-16; it must be UTF-8']],
  ['UTF-32, little end first', [0xff, 0xfe, 0, 0, ...ascii('1\u0000\u0000\u0000')], [], [1, 0, 'the file is UTF-32; it must be UTF-8']],
  ['UTF-32, big end first', [0, 0, 0xfe, 0xff, ...ascii('\u0000\u0000\u00001')], [], [1, 0, 'the file is UTF-32; it must be UTF-8']],
  ['gzip that says nothing of it', [...gzipSync('1\n2\n')], [], [1, 0, 'the file is gzip, but neither does its name end with .gz nor is its Content-Encoding gzip']],
  ['513 levels', `1\n[${DEEP}]\n`, ['1'], [2, 514, 'nested deeper than 512 levels']],
  ['an item that fits no batch', `1\n${LARGEST_ITEM.replace('a', 'aa')}\n`, ['1'], [2, 2, 'the line is longer than the largest batch (262144 bytes)']],
  ['a long line that is no JSON', `1\r\n${'a'.repeat(700_000)}\n`, ['1'], [2, 3, 'the line is longer than the largest batch (262144 bytes)']],
];

describe('corpus of delimited files', () => {
  it.each(READABLE)('reads %s', async (_, content, items) => {
    for (const way of WAYS) {
      expect(await readItems(bytesOf(content), way)).toEqual({ items, error: null });
    }
  });

  it.each(MALFORMED)('locates %s', async (_, content, items, [line, byteOffset, problem]) => {
    for (const way of WAYS) {
      const result = await readItems(bytesOf(content), way);
      expect(result.items).toEqual(items);
      expect(result.error).toBeInstanceOf(MalformedLine);
      expect(result.error).toMatchObject({
        code: 'input.malformed_line',
        message: `${PATH}: line ${line}, byte ${byteOffset}: ${problem}`,
        path: PATH,
        line,
        byteOffset,
      });
    }
  });
});
