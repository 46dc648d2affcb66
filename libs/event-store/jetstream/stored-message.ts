import type { StoredMsg } from '@nats-io/jetstream';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';

/** A message of the stream, wherever it was read from. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  /** Lines of `name: value`, each between CR LF. */
  readonly headerText: string;
  readonly payload: Uint8Array;
}

export function deliveredMessage(message: Msg, sequence: number): StoredMessage {
  return {
    subject: message.subject,
    sequence,
    headerText: headerTextOf(message),
    payload: message.data,
  };
}

export function messageOfStream(message: StoredMsg): StoredMessage {
  const { subject, seq, data } = message;
  return { subject, sequence: seq, headerText: textOf(message.header), payload: data };
}

/** Value of a header by its exact name; `null` when it is not there. */
export function headerOf(headerText: string, name: string): string | null {
  const start = headerText.indexOf(`\r\n${name}:`);
  if (start === -1) return null;
  const valueStart = start + name.length + 3;
  const end = headerText.indexOf('\r\n', valueStart);
  return headerText.slice(valueStart, end === -1 ? undefined : end).trim();
}

/** All headers in order, for whoever does not know the names. */
export function headerList(headerText: string): (readonly [string, string])[] {
  return headerText.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
  });
}

/**
 * The header as it came. The client's own parsing of it takes three times as long as decoding the
 * event, so the bytes are taken from where this version of the client keeps them, if it does.
 */
function headerTextOf(message: Msg): string {
  const { bytes, headerLength } = rawPartsOf(message);
  if (bytes instanceof Uint8Array && typeof headerLength === 'number' && headerLength > 0) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, headerLength).toString('latin1');
  }
  return message.headers === undefined ? '' : textOf(message.headers);
}

/** Header and payload in one piece, and how long the header is: the client's private members. */
function rawPartsOf(message: object): { bytes: unknown; headerLength: unknown } {
  const { _rdata: bytes = null, _msg: place = null }: { _rdata?: unknown; _msg?: unknown } =
    message;
  const { hdr: headerLength = null }: { hdr?: unknown } = Object(place);
  return { bytes, headerLength };
}

function textOf(headers: MsgHdrs): string {
  const lines = [...headers].flatMap(([name, values]) =>
    values.map((value) => `${name}: ${value}`),
  );
  return ['', ...lines, ''].join('\r\n');
}
