import {
  type CloudEvent,
  isJsonContent,
  OPTIONAL_ATTRIBUTES,
  SPEC_VERSION,
} from './cloud-event.ts';

/** What structured events are sent as. Readers also take it without `+json`. */
export const STRUCTURED_CONTENT_TYPE = 'application/cloudevents+json';

/**
 * Writes an event in the JSON format, attributes and data in one document. JSON data stand in it
 * as the bytes they are; other data are in base64.
 */
export function encodeStructured(event: CloudEvent): Uint8Array {
  const { id, source, type, extensions = {}, data } = event;
  const optional = OPTIONAL_ATTRIBUTES.flatMap((name) => {
    const value = event[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const attributes = {
    specversion: SPEC_VERSION,
    id,
    source,
    type,
    ...Object.fromEntries(optional),
    ...extensions,
  };
  const head = JSON.stringify(attributes).slice(0, -1);
  if (data.length === 0) return Buffer.from(`${head}}`);
  if (!isJsonContent(event.datacontenttype)) {
    return Buffer.from(`${head},"data_base64":"${Buffer.from(data).toString('base64')}"}`);
  }
  return Buffer.concat([Buffer.from(`${head},"data":`), data, Buffer.from('}')]);
}
