import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { JSON_CONTENT_TYPE, MalformedCloudEvent } from '#libs/messaging/cloudevents/cloud-event.ts';
import { decodeHeaderValue } from '#libs/messaging/cloudevents/header-value.ts';
import { decodeMessage, encodeBinary } from '#libs/messaging/cloudevents/nats-binding.ts';
import type { OutgoingMessage } from '#libs/platform/nats/pipelined-publisher.ts';
import { decodeEvent, encodeEvent } from '../codec/event-codec.ts';
import type { Fact, LogEntry } from '../event-store.port.ts';
import { addressOf, type Lane, laneKindOf, subjectOf } from '../lane.ts';
import { normalTime } from '../normal-time.ts';
import { cloudEventOfMessage, type StoredEvent } from '../stored-event.ts';
import type { FedMessage } from './message-feed.ts';
import { headerList, headerOf, type StoredMessage } from './stored-message.ts';

const MESSAGE_ID = 'Nats-Msg-Id';
/** Of an imported event: when the log that it comes from stored it. */
export const STORED_AT = 'Cortex-Stored-At';

/** An entry of the log, and whether it is unreadable because a later version wrote it. */
export type ReadEntry =
  | Extract<LogEntry, { kind: 'event' }>
  | (Extract<LogEntry, { kind: 'unreadable' }> & { readonly isNewer: boolean });

/** Writes facts of one lane as CloudEvents in binary mode. */
export function messageWriter(lane: Lane): (fact: Fact) => OutgoingMessage {
  const subject = subjectOf(lane);
  const address = addressOf(lane);
  return ({ id, at, event }: Fact) => {
    const { ceType, payload } = encodeEvent(event);
    const message = encodeBinary({
      id,
      ...address,
      type: ceType,
      time: at,
      datacontenttype: JSON_CONTENT_TYPE,
      data: payload,
    });
    const natsHeaders: MsgHdrs = headers();
    for (const [name, value] of message.headers) natsHeaders.append(name, value);
    natsHeaders.append(MESSAGE_ID, id);
    return { subject, payload, headers: natsHeaders };
  };
}

/** Reads a message of the log; never throws. */
export function readEntry(message: StoredMessage): ReadEntry {
  const { subject, sequence: position } = message;
  const unreadable = (problem: string, isNewer = false): ReadEntry => ({
    kind: 'unreadable',
    unreadable: { position, problem, subject },
    isNewer,
  });

  const envelope = openEnvelope(message);
  if (envelope instanceof MalformedCloudEvent) return unreadable(envelope.message);
  const at = normalTime(envelope.time);
  if (at === null) return unreadable(`attribute time is no RFC 3339 time: ${envelope.time}`);

  const decoded = decodeEvent({ ceType: envelope.type, payload: envelope.payload });
  if (!decoded.ok) return unreadable(decoded.problem, decoded.isNewer);
  if (decoded.lane !== laneKindOf(subject)) {
    return unreadable(`${envelope.type}: may not stand in this lane`);
  }
  return { kind: 'event', logged: { position, id: envelope.id, at, event: decoded.event } };
}

/** What the server and we have put there for ourselves says nothing about the event. */
const isOfStore = (name: string): boolean => name.startsWith('Nats-') || name === STORED_AT;

/** A message of the log as it is. */
export function storedEventOf({
  subject,
  sequence: position,
  storedAtMs,
  headerText,
  payload,
}: FedMessage): StoredEvent {
  const own = headerList(headerText).filter(([name]) => !isOfStore(name));
  const message = { headers: own, payload };
  return {
    position,
    storedAt: headerOf(headerText, STORED_AT) ?? new Date(storedAtMs).toISOString(),
    subject,
    cloudEvent: cloudEventOfMessage(message, String(position)),
  };
}

interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly payload: Uint8Array;
}

function openEnvelope(message: StoredMessage): Envelope | MalformedCloudEvent {
  try {
    return ownEnvelope(message) ?? foreignEnvelope(message);
  } catch (error) {
    if (error instanceof MalformedCloudEvent) return error;
    throw error;
  }
}

/** Events as we write them are read by their exact header names, which is what keeps reading fast. */
function ownEnvelope({ headerText, payload }: StoredMessage): Envelope | null {
  const isOurs =
    headerText.includes('\r\nce-specversion: 1.0\r\n') && !headerText.includes('\r\nContent-Type:');
  if (!isOurs) return null;
  const id = headerOf(headerText, 'ce-id');
  const type = headerOf(headerText, 'ce-type');
  const time = headerOf(headerText, 'ce-time');
  if (id === null || id === '' || type === null || time === null) return null;
  return { id: decodeHeaderValue(id), type: decodeHeaderValue(type), time, payload };
}

/** Anybody may publish an event: in any mode, with header names in any case. */
function foreignEnvelope({ headerText, payload }: StoredMessage): Envelope {
  const event = decodeMessage({ headers: headerList(headerText), payload });
  if (event.time === undefined) throw new MalformedCloudEvent('attribute time is missing');
  return { id: event.id, type: event.type, time: event.time, payload: event.data };
}
