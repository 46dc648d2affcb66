import { z } from 'zod';
import type { Position } from '#libs/domain/platform-event.ts';
import { type CloudEvent, MalformedCloudEvent } from '#libs/messaging/cloudevents/cloud-event.ts';
import {
  decodeMessage,
  type HeaderList,
  type NatsMessage,
} from '#libs/messaging/cloudevents/nats-binding.ts';

/** An event as the log holds it: its bytes, whichever version wrote them and whoever did. */
export interface StoredEvent {
  readonly position: Position;
  /** By the clock of the store. RFC 3339, UTC, milliseconds. */
  readonly storedAt: string;
  /** Of its lane, on NATS, also where the log is kept elsewhere. */
  readonly subject: string;
  readonly cloudEvent: CloudEvent;
}

/** Of what somebody stored that is no CloudEvent; its headers are in the attribute `headers`. */
export const FOREIGN_TYPE = 'dev.cortex.batch.ForeignMessage';

/** A message of the log as a CloudEvent, whatever it is. `foreignId` is the id of one that has none. */
export function cloudEventOfMessage(message: NatsMessage, foreignId: string): CloudEvent {
  try {
    return decodeMessage(message);
  } catch (error) {
    if (!(error instanceof MalformedCloudEvent)) throw error;
    return {
      id: foreignId,
      source: '/log',
      type: FOREIGN_TYPE,
      datacontenttype: 'application/octet-stream',
      extensions: { headers: JSON.stringify(message.headers) },
      data: message.payload,
    };
  }
}

const headerPairs = z.array(z.tuple([z.string(), z.string()]));

/** The headers that a foreign message came with; none when they cannot be read. */
export function foreignHeaders({ extensions }: CloudEvent): HeaderList {
  try {
    const read = headerPairs.safeParse(JSON.parse(extensions?.['headers'] ?? ''));
    return read.success ? read.data : [];
  } catch {
    return [];
  }
}
