import { describe, expect, it } from '@jest/globals';
import { type CloudEvent, MalformedCloudEvent } from './cloud-event.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';
import { decodeMessage, encodeBinary, type HeaderList } from './nats-binding.ts';
import { encodeStructured, STRUCTURED_CONTENT_TYPE } from './structured-json.ts';

/**
 * The requirements of the CloudEvents NATS protocol binding, point by point:
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
 */

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (data: Uint8Array): string => Buffer.from(data).toString();

const event: CloudEvent = {
  id: 'a-1',
  source: '/apis/hello',
  type: 'dev.cortex.batch.JobStarted.v1',
  subject: 'Euro € 😀',
  time: '2026-01-02T03:04:05.678Z',
  datacontenttype: 'application/json',
  dataschema: 'https://example.com/schema?a="1"',
  extensions: { traceparent: '00-1-2-01', comment: '100%' },
  data: bytes('{"n":9007199254740993,"2":1,"1":2}'),
};

/** As they stand in the message, in the order in which they are written. */
const BINARY_HEADERS = [
  ['ce-specversion', '1.0'],
  ['ce-id', 'a-1'],
  ['ce-source', '/apis/hello'],
  ['ce-type', 'dev.cortex.batch.JobStarted.v1'],
  ['ce-subject', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
  ['ce-time', '2026-01-02T03:04:05.678Z'],
  ['ce-datacontenttype', 'application/json'],
  ['ce-dataschema', 'https://example.com/schema?a=%221%22'],
  ['ce-traceparent', '00-1-2-01'],
  ['ce-comment', '100%25'],
] as const;

const STRUCTURED =
  '{"specversion":"1.0","id":"a-1","source":"/apis/hello","type":"dev.cortex.batch.JobStarted.v1",' +
  '"subject":"Euro € 😀","time":"2026-01-02T03:04:05.678Z","datacontenttype":"application/json",' +
  '"dataschema":"https://example.com/schema?a=\\"1\\"","traceparent":"00-1-2-01","comment":"100%",' +
  '"data":{"n":9007199254740993,"2":1,"1":2}}';

const minimal: HeaderList = [
  ['ce-specversion', '1.0'],
  ['ce-id', '1'],
  ['ce-source', '/s'],
  ['ce-type', 't'],
];

describe('binary mode', () => {
  it('writes every attribute, extensions too, as a header with ce- before its name', () => {
    expect(encodeBinary(event).headers).toEqual(BINARY_HEADERS);
  });

  it('writes datacontenttype as ce-datacontenttype, and no Content-Type', () => {
    const names = encodeBinary(event).headers.map(([name]) => name.toLowerCase());
    expect(names).toContain('ce-datacontenttype');
    expect(names).not.toContain('content-type');
  });

  it('writes header names in lower case, which NATS clients keep as they are', () => {
    const names = encodeBinary(event).headers.map(([name]) => name);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  it('leaves the data as they are', () => {
    expect(encodeBinary(event).payload).toBe(event.data);
  });

  it('is read back as it was', () => {
    expect(decodeMessage({ headers: BINARY_HEADERS, payload: event.data })).toEqual(event);
  });

  it('is assumed without Content-Type', () => {
    expect(decodeMessage({ headers: minimal, payload: bytes('x') }).id).toBe('1');
  });

  it.each(['application/json', 'text/plain', 'application/cloud', ''])(
    'is assumed with Content-Type "%s"',
    (contentType) => {
      const headers: HeaderList = [['Content-Type', contentType], ...minimal];
      expect(textOf(decodeMessage({ headers, payload: bytes('x') }).data)).toBe('x');
    },
  );

  it('takes no header without ce- for an attribute', () => {
    const headers: HeaderList = [...minimal, ['Nats-Msg-Id', '1'], ['subject', 'no']];
    expect(decodeMessage({ headers, payload: bytes('') })).toEqual({
      id: '1',
      source: '/s',
      type: 't',
      data: bytes(''),
    });
  });
});

describe('a header value', () => {
  it.each(
    Array.from({ length: 0x80 }, (_, code) => String.fromCodePoint(code)).map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const isPlain = code >= 0x21 && code <= 0x7e && character !== '"' && character !== '%';
      const hex = code.toString(16).toUpperCase().padStart(2, '0');
      return [hex, character, isPlain ? character : `%${hex}`];
    }),
  )('has U+00%s as the binding says', (_, character, header) => {
    expect(encodeHeaderValue(character)).toBe(header);
    expect(decodeHeaderValue(header)).toBe(character);
  });

  it.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'], // The binding's own example.
    ['%e2%82%AC', '€'], // Hex in either case.
    ['"Euro%20%E2%82%AC"', 'Euro €'], // A quoted string, as in HTTP.
    [String.raw`"a \"b\" \\c"`, 'a "b" \\c'],
    ['%2541', '%41'], // One round of decoding.
    ['%41', 'A'], // What needs no encoding may have one.
  ])('%s is read as %s', (header, value) => {
    expect(decodeHeaderValue(header)).toBe(value);
  });

  it.each(['%C3%28', '%FF', '%ED%A0%80', '%C0%AF', '%F0%9F'])(
    'with bytes that are no UTF-8 is refused: %s',
    (header) => {
      expect(() => decodeHeaderValue(header)).toThrow(MalformedCloudEvent);
    },
  );
});

describe('structured mode', () => {
  it('writes the JSON format, with JSON data as they are', () => {
    expect(textOf(encodeStructured(event))).toBe(STRUCTURED);
  });

  it('writes other data in base64', () => {
    const png = { ...event, datacontenttype: 'image/png', data: Uint8Array.of(0, 1, 255) };
    expect(JSON.parse(textOf(encodeStructured(png)))).toMatchObject({ data_base64: 'AAH/' });
  });

  it('writes no member for data that are not there', () => {
    const members: object = JSON.parse(textOf(encodeStructured({ ...event, data: bytes('') })));
    expect(Object.keys(members)).not.toContain('data');
  });

  it.each([
    STRUCTURED_CONTENT_TYPE,
    'application/cloudevents', // As some SDKs send it.
    'APPLICATION/CloudEvents+JSON; charset=UTF-8',
  ])('is known by Content-Type %s', (contentType) => {
    const headers: HeaderList = [['content-type', contentType]];
    expect(decodeMessage({ headers, payload: bytes(STRUCTURED) })).toEqual(event);
  });

  it('does not take attributes from headers', () => {
    const headers: HeaderList = [
      ['Content-Type', STRUCTURED_CONTENT_TYPE],
      ['ce-id', 'other'],
    ];
    expect(decodeMessage({ headers, payload: bytes(STRUCTURED) }).id).toBe('a-1');
  });
});

describe('batch mode', () => {
  it('is not part of the binding, and refused', () => {
    const headers: HeaderList = [['Content-Type', 'application/cloudevents-batch+json']];
    const payload = bytes(`[${STRUCTURED}]`);
    expect(() => decodeMessage({ headers, payload })).toThrow(MalformedCloudEvent);
  });
});
