import { JsonSyntaxError } from '#libs/json/json-syntax-error.ts';
import { objectMembers } from '#libs/json/json-scanner.ts';
import {
  type CloudEvent,
  cloudEventOf,
  isJsonContent,
  MalformedCloudEvent,
  OPTIONAL_ATTRIBUTES,
  SPEC_VERSION,
} from './cloud-event.ts';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';

/** Headers in the order they are written; the client's own header type is the adapter's business. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface NatsMessage {
  readonly headers: HeaderList;
  readonly payload: Uint8Array;
}

const PREFIX = 'ce-';
const STRUCTURED = 'application/cloudevents';

/** Writes an event in binary mode: attributes are headers, the data are the payload. */
export function encodeBinary(event: CloudEvent): NatsMessage {
  const headers: [string, string][] = [
    ['ce-specversion', SPEC_VERSION],
    ['ce-id', encodeHeaderValue(event.id)],
    ['ce-source', encodeHeaderValue(event.source)],
    ['ce-type', encodeHeaderValue(event.type)],
  ];
  for (const name of OPTIONAL_ATTRIBUTES) {
    const value = event[name];
    if (value !== undefined) headers.push([PREFIX + name, encodeHeaderValue(value)]);
  }
  if (event.extensions !== undefined) {
    for (const [name, value] of Object.entries(event.extensions)) {
      headers.push([PREFIX + name, encodeHeaderValue(value)]);
    }
  }
  return { headers, payload: event.data };
}

/**
 * Reads an event in either mode: structured when `Content-Type` says so, else binary.
 *
 * @throws MalformedCloudEvent
 */
export function decodeMessage({ headers, payload }: NatsMessage): CloudEvent {
  const contentType = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  return contentType.toLowerCase().startsWith(STRUCTURED)
    ? decodeStructured(payload)
    : decodeBinary(headers, payload);
}

function decodeBinary(headers: HeaderList, payload: Uint8Array): CloudEvent {
  const attributes = new Map<string, string>();
  for (const [header, value] of headers) {
    const name = header.toLowerCase();
    if (name.startsWith(PREFIX)) {
      attributes.set(name.slice(PREFIX.length), decodeHeaderValue(value));
    }
  }
  return cloudEventOf(attributes, payload);
}

/** JSON data are taken as the bytes they stand in: numbers keep their digits, objects their order. */
function decodeStructured(payload: Uint8Array): CloudEvent {
  const attributes = new Map<string, string>();
  let data: Uint8Array | null = null;
  let base64: string | null = null;
  for (const [name, { bytes }] of membersOf(payload)) {
    if (name === 'data') {
      data = bytes;
      continue;
    }
    const value: unknown = JSON.parse(utf8.decode(bytes));
    if (value === null) continue; // An attribute that is null is not there.
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new MalformedCloudEvent(`attribute ${name} is neither text, number nor boolean`);
    }
    if (name === 'data_base64') base64 = String(value);
    else attributes.set(name, String(value));
  }
  if (data !== null && base64 !== null) {
    throw new MalformedCloudEvent('both data and data_base64 are given');
  }
  if (base64 !== null) return cloudEventOf(attributes, Buffer.from(base64, 'base64'));
  return cloudEventOf(attributes, textOfData(attributes, data ?? new Uint8Array(0)));
}

/** A JSON string is data of another media type when `datacontenttype` says that it is not JSON. */
function textOfData(attributes: ReadonlyMap<string, string>, data: Uint8Array): Uint8Array {
  const isJson = isJsonContent(attributes.get('datacontenttype'));
  if (isJson || data[0] !== QUOTE) return data;
  return Buffer.from(String(JSON.parse(utf8.decode(data))));
}

const QUOTE = 0x22;
const utf8 = new TextDecoder();

function membersOf(payload: Uint8Array): ReturnType<typeof objectMembers> {
  try {
    return objectMembers(payload);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new MalformedCloudEvent(`structured event: ${error.message}`, { cause: error });
  }
}
