import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { messageText, payloadOfMessage } from './message-text.ts';

const roundTrip = (payload: Uint8Array): Uint8Array => {
  const { MessageBody, MessageAttributes } = messageText(payload);
  return payloadOfMessage({ Body: MessageBody, MessageAttributes });
};

describe('a payload as a message', () => {
  it('is its text where that can be', () => {
    const text = '[9007199254740993,"ü €\t\r\n"]';
    expect(messageText(Buffer.from(text))).toEqual({ MessageBody: text });
  });

  it.each([
    ['a control character', Buffer.from('["\u0000"]')],
    ['a character of four bytes', Buffer.from('["😀"]')],
    ['U+FFFE', Buffer.from('["\uFFFE"]')],
    ['U+FFFF', Buffer.from('["\uFFFF"]')],
    ['bytes that are not UTF-8', Buffer.from([0x5b, 0xc3, 0x28, 0x5d])],
    ['half a character at its end', Buffer.from([0x22, 0xe2, 0x82])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['nothing', Buffer.alloc(0)],
  ])('is base64 and says so when it has %s', (_what, payload) => {
    expect(messageText(payload)).toEqual({
      MessageBody: payload.toString('base64'),
      MessageAttributes: { 'cortex-encoding': { DataType: 'String', StringValue: 'base64' } },
    });
    expect(Buffer.from(roundTrip(payload))).toEqual(payload);
  });

  it('keeps a byte order mark', () => {
    const payload = Buffer.from('\uFEFF[1]');
    expect(Buffer.from(roundTrip(payload))).toEqual(payload);
  });

  it('is read back byte for byte, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: 'binary' }).map((s) => Buffer.from(s)),
    );
    fc.assert(
      fc.property(bytes, (payload) => {
        expect(Buffer.from(roundTrip(payload)).toString('hex')).toBe(
          Buffer.from(payload).toString('hex'),
        );
      }),
    );
  });

  it('is read from any part of a buffer', () => {
    const buffer = Buffer.from('xx["\u0001"]xx');
    expect(Buffer.from(roundTrip(buffer.subarray(2, 7))).toString()).toBe('["\u0001"]');
  });
});
