import { describe, expect, it } from '@jest/globals';
import { type CloudEvent, MalformedCloudEvent } from './cloud-event.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';
import { decodeMessage, encodeBinary } from './nats-binding.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

const event: CloudEvent = {
  id: 'a-1',
  source: '/apis/hello',
  type: 'com.example.object.deleted.v2',
  subject: 'jobs/1',
  time: '2026-01-02T03:04:05.678Z',
  datacontenttype: 'application/json',
  data: bytes('{"n":9007199254740993}'),
};

describe('encoding an event in binary mode', () => {
  it('writes attributes as lower-case headers and the data as payload', () => {
    expect(encodeBinary(event)).toEqual({
      headers: [
        ['ce-specversion', '1.0'],
        ['ce-id', 'a-1'],
        ['ce-source', '/apis/hello'],
        ['ce-type', 'com.example.object.deleted.v2'],
        ['ce-subject', 'jobs/1'],
        ['ce-time', '2026-01-02T03:04:05.678Z'],
        ['ce-datacontenttype', 'application/json'],
      ],
      payload: event.data,
    });
  });

  it('leaves out what the event does not have', () => {
    const { headers } = encodeBinary({ id: '1', source: '/s', type: 't', data: bytes('') });
    expect(headers.map(([name]) => name)).toEqual([
      'ce-specversion',
      'ce-id',
      'ce-source',
      'ce-type',
    ]);
  });

  it('writes extensions as headers', () => {
    const { headers } = encodeBinary({ ...event, extensions: { traceparent: '00-1-2-01' } });
    expect(headers).toContainEqual(['ce-traceparent', '00-1-2-01']);
  });
});

describe('a header value', () => {
  // The first row is the example of the specification.
  it.each([
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['100%', '100%25'],
    ['say "hi"', 'say%20%22hi%22'],
    ['a\r\nb\tc', 'a%0D%0Ab%09c'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ['%41', '%2541'],
    ['', ''],
  ])('%j is written as %j and read back', (value, header) => {
    expect(encodeHeaderValue(value)).toBe(header);
    expect(decodeHeaderValue(header)).toBe(value);
  });

  it.each([
    ['%e2%82%ac', '€'], // Lower-case hex.
    ['"quoted \\"text\\""', 'quoted "text"'],
    ['"%20"', ' '],
    ['50%', '50%'], // A percent sign that starts nothing is itself.
  ])('%j is read as %j', (header, value) => {
    expect(decodeHeaderValue(header)).toBe(value);
  });

  it('is refused when it is no UTF-8', () => {
    expect(() => decodeHeaderValue('%C3%28')).toThrow(MalformedCloudEvent);
  });
});

const structured = (text: string): CloudEvent =>
  decodeMessage({ headers: [['Content-Type', 'application/cloudevents']], payload: bytes(text) });

describe('decoding a message', () => {
  it('reads what encoding wrote', () => {
    const full = { ...event, subject: 'Zürich 100%', extensions: { sequence: '7' } };
    expect(decodeMessage(encodeBinary(full))).toEqual(full);
  });

  it('takes header names in any case', () => {
    const { headers, payload } = encodeBinary(event);
    const shouting = headers.map(([name, value]) => [name.toUpperCase(), value] as const);
    expect(decodeMessage({ headers: shouting, payload })).toEqual(event);
  });

  it('is binary with any other content type', () => {
    const { headers, payload } = encodeBinary(event);
    const message = { headers: [...headers, ['Content-Type', 'text/plain'] as const], payload };
    expect(decodeMessage(message)).toEqual(event);
  });

  it.each(['application/cloudevents', 'Application/CloudEvents+JSON; charset=utf-8'])(
    'is structured with content type %s',
    (contentType) => {
      const { data, ...attributes } = event;
      const text = JSON.stringify({ specversion: '1.0', ...attributes, flag: true, none: null });
      const payload = bytes(`${text.slice(0, -1)},"data": ${Buffer.from(data).toString()} }`);
      expect(decodeMessage({ headers: [['content-type', contentType]], payload })).toEqual({
        ...event,
        extensions: { flag: 'true' },
      });
    },
  );

  const required = '"specversion":"1.0","id":"1","source":"/s","type":"t"';

  it('reads data_base64', () => {
    expect(structured(`{${required},"data_base64":"AAEC"}`).data).toEqual(
      Buffer.from(Uint8Array.of(0, 1, 2)),
    );
  });

  it('reads text data as text', () => {
    const { data } = structured(`{${required},"datacontenttype":"text/plain","data":"a\\nb"}`);
    expect(Buffer.from(data).toString()).toBe('a\nb');
  });

  it.each([
    ['{', /line 1/],
    ['[]', /line 1/],
    [`{${required},"data":1,"data_base64":"AA=="}`, /both/],
    [`{${required},"subject":{}}`, /subject/],
    ['{"specversion":"1.0","id":"1","source":"/s"}', /type is missing/],
    ['{"specversion":"0.3","id":"1","source":"/s","type":"t"}', /specversion/],
  ])('refuses %s', (text, problem) => {
    expect(() => structured(text)).toThrow(MalformedCloudEvent);
    expect(() => structured(text)).toThrow(problem);
  });

  it.each(['ce-id', 'ce-source', 'ce-type', 'ce-specversion'])('names a missing %s', (missing) => {
    const { headers, payload } = encodeBinary(event);
    const rest = headers.filter(([name]) => name !== missing);
    expect(() => decodeMessage({ headers: rest, payload })).toThrow(missing.slice(3));
  });
});
