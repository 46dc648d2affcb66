import { MalformedCloudEvent } from './cloud-event.ts';

/** U+0021 to U+007E without `"` and `%`: these travel as they are. */
const PLAIN = /^[!#$&-~]*$/;
const NOT_PLAIN = /[^!#$&-~]+/gu;

/**
 * Encodes an attribute for a header: space, `"`, `%` and whatever is no printable ASCII become
 * percent-encoded UTF-8 in upper-case hex.
 */
export function encodeHeaderValue(value: string): string {
  return PLAIN.test(value) ? value : value.replace(NOT_PLAIN, percentEncode);
}

const percentEncode = (text: string): string =>
  Array.from(
    Buffer.from(text),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes an attribute from a header, as lenient as the specification asks: quoted strings, hex in
 * lower case. Decodes once: what a percent sign decodes to is not decoded again.
 *
 * @throws MalformedCloudEvent when the bytes are no UTF-8
 */
export function decodeHeaderValue(header: string): string {
  const quoted = QUOTED.exec(header)?.[1];
  const value = quoted === undefined ? header : quoted.replaceAll(/\\(.)/gs, '$1');
  if (!value.includes('%')) return value;
  return value.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return utf8.decode(Buffer.from(encoded.replaceAll('%', ''), 'hex'));
    } catch (error) {
      throw new MalformedCloudEvent(`header value ${header} is not UTF-8`, { cause: error });
    }
  });
}
