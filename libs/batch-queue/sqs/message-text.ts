import type { MessageAttributeValue } from '@aws-sdk/client-sqs';

/** Tells that a message's body is its bytes in base64. Absent: the body is the text itself. */
export const ENCODING_ATTRIBUTE = 'cortex-encoding';

const BASE64: MessageAttributeValue = { DataType: 'String', StringValue: 'base64' };
const BASE64_ATTRIBUTES = { [ENCODING_ATTRIBUTE]: BASE64 };
const FIRST_PRINTABLE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Lead byte of the characters of four bytes. */
const FOUR_BYTES = 0xf0;
const NOT_A_CHARACTER = /[\uFFFE\uFFFF]/;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface MessageText {
  readonly MessageBody: string;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttributeValue>>;
}

/** A payload as what SQS can carry; `payloadOfMessage` gives it back byte for byte. */
export function messageText(payload: Uint8Array): MessageText {
  const text = plainText(payload);
  if (text !== null) return { MessageBody: text };
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return { MessageBody: bytes.toString('base64'), MessageAttributes: BASE64_ATTRIBUTES };
}

export function payloadOfMessage(message: {
  readonly Body?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttributeValue>> | undefined;
}): Uint8Array {
  const isBase64 = message.MessageAttributes?.[ENCODING_ATTRIBUTE]?.StringValue === 'base64';
  return Buffer.from(message.Body ?? '', isBase64 ? 'base64' : 'utf8');
}

/**
 * The bytes as text, if that is what every server takes: SQS refuses control characters, U+FFFE and
 * U+FFFF; the characters above them it takes, but servers that speak its protocol may not.
 */
export function plainText(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return null; // SQS takes no empty text.
  for (const byte of bytes) if (isRefused(byte)) return null;
  try {
    const text = decoder.decode(bytes);
    return NOT_A_CHARACTER.test(text) ? null : text;
  } catch {
    return null; // Not UTF-8.
  }
}

const isRefused = (byte: number): boolean =>
  byte >= FOUR_BYTES ||
  (byte < FIRST_PRINTABLE && byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN);
