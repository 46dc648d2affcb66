import { createHash } from 'node:crypto';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { OPTIONAL_ATTRIBUTES } from '#libs/messaging/cloudevents/cloud-event.ts';

export const DIGEST_BYTES = 32;

/** Attributes that an export adds, and that are in the digest by other ways. */
export const PLACE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'position',
  'storedat',
  'lane',
  'digest',
]);

/**
 * SHA-256 of an event as it is stored: of the JSON text
 * `["<position>","<stored at>","<subject>",[["<attribute>","<value>"],…]]` without blanks, attributes of the
 * CloudEvent sorted by name; then a line feed; then the bytes of its data.
 */
export function digestOf({ position, storedAt, subject, cloudEvent }: StoredEvent): Buffer {
  const { id, source, type, extensions = {}, data } = cloudEvent;
  const attributes: [string, string][] = [
    ['id', id],
    ['source', source],
    ['type', type],
  ];
  for (const name of OPTIONAL_ATTRIBUTES) {
    const value = cloudEvent[name];
    if (value !== undefined) attributes.push([name, value]);
  }
  for (const [name, value] of Object.entries(extensions)) {
    if (!PLACE_ATTRIBUTES.has(name)) attributes.push([name, value]);
  }
  attributes.sort(([a], [b]) => (a < b ? -1 : 1));
  const head = JSON.stringify([String(position), storedAt, subject, attributes]);
  return createHash('sha256').update(`${head}\n`).update(data).digest();
}
