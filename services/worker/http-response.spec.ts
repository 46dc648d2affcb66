import { describe, expect, it } from '@jest/globals';
import { HttpResponse, MalformedResponse } from './http-response.ts';

/** The response as read when its bytes come in pieces of `sizeBytes`. */
function read(text: string, sizeBytes: number): HttpResponse & { readonly isComplete: boolean } {
  const response = new HttpResponse();
  const bytes = Buffer.from(text);
  let isComplete = false;
  for (let at = 0; at < bytes.length && !isComplete; at += sizeBytes) {
    isComplete = response.push(bytes.subarray(at, at + sizeBytes));
  }
  return Object.assign(response, { isComplete });
}

const ok = 'HTTP/1.1 200 OK\r\n';
const cases = [
  ['an empty body', `${ok}Content-Length: 0\r\n\r\n`, 200, '', true],
  ['a body of known length', `${ok}content-length:  5\r\n\r\nhallo`, 200, 'hallo', true],
  ['a body in UTF-8', `${ok}Content-Length: 2\r\n\r\nü`, 200, 'ü', true],
  ['a status without reason', 'HTTP/1.1 500\r\nContent-Length: 2\r\n\r\nno', 500, 'no', true],
  ['no body by its status', 'HTTP/1.1 204 No Content\r\n\r\n', 204, '', true],
  [
    'chunks and a trailer',
    `${ok}Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nabcd\r\nA\r\n0123456789\r\n0\r\nEtag: 1\r\n\r\n`,
    200,
    'abcd0123456789',
    true,
  ],
  [
    'an interim response first',
    `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`,
    200,
    'x',
    true,
  ],
  [
    'a connection that closes',
    `${ok}Connection: Close\r\nContent-Length: 0\r\n\r\n`,
    200,
    '',
    false,
  ],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 200, '', false],
  [
    'HTTP/1.0 kept alive',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    200,
    '',
    true,
  ],
] as const;

describe('reading a response', () => {
  describe.each([1, 2, 3, 7, 64, 4096])('in pieces of %i bytes', (sizeBytes) => {
    it.each(cases)('reads %s', (...[, text, status, body, isReusable]) => {
      expect(read(text, sizeBytes)).toMatchObject({
        isComplete: true,
        status,
        text: body,
        isReusable,
      });
    });
  });

  it('ends a body without a length where the connection ends', () => {
    const response = read(`${ok}\r\nall of it`, 5);
    expect(response.isComplete).toBe(false);
    expect(response.end()).toBe(true);
    expect(response).toMatchObject({ text: 'all of it', isReusable: false });
  });

  it('is not complete when the connection ends within a body', () => {
    expect(read(`${ok}Content-Length: 10\r\n\r\nshort`, 64).end()).toBe(false);
    expect(read(`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nab`, 64).end()).toBe(false);
    expect(read('HTTP/1.1 200', 64).end()).toBe(false);
  });

  it('does not reuse a connection that says more than it was asked', () => {
    expect(read(`${ok}Content-Length: 1\r\n\r\nxHTTP/1.1`, 64)).toMatchObject({
      isComplete: true,
      isReusable: false,
    });
    expect(read(`${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore`, 4096)).toMatchObject({
      isComplete: true,
      isReusable: false,
    });
  });

  it('keeps only the beginning of a long body', () => {
    const response = read(`${ok}Content-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`, 4096);
    expect(response.isComplete).toBe(true);
    expect(response.text).toHaveLength(4096);
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 abc\r\n\r\n'],
    ['a length that is none', `${ok}Content-Length: -1\r\n\r\n`],
    ['a chunk size that is none', `${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
    ['headers without an end', `${ok}X: ${'x'.repeat(70_000)}`],
  ])('refuses %s', (_case, text) => {
    expect(() => read(text, 4096)).toThrow(MalformedResponse);
  });
});
