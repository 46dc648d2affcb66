import { binaryEvent, type EventData, type ResolvedEvent } from '@kurrent/kurrentdb-client';
import { v5 as uuidOfName } from 'uuid';
import type { Position } from '#libs/domain/platform-event.ts';
import { type CloudEvent, JSON_CONTENT_TYPE } from '#libs/messaging/cloudevents/cloud-event.ts';
import { decodeEvent, encodeEvent } from '../codec/event-codec.ts';
import type { Fact, LogEntry } from '../event-store.port.ts';
import { addressOf, type Lane, type LaneKind, subjectOf } from '../lane.ts';
import type { StoredEvent } from '../stored-event.ts';

/** An event as KurrentDB holds it. */
export interface StoredRecord {
  readonly stream: string;
  readonly revision: bigint;
  readonly position: Position;
  /** KurrentDB's own id, a UUID. */
  readonly recordId: string;
  readonly type: string;
  readonly payload: Uint8Array;
  /** Attributes of the CloudEvent by name; what is not text is left out. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly createdAt: Date;
}

/** An entry of the log, and whether it is unreadable because a later version wrote it. */
export type ReadEntry =
  | Extract<LogEntry, { kind: 'event' }>
  | (Extract<LogEntry, { kind: 'unreadable' }> & { readonly isNewer: boolean });

/** Names of ours in the space of UUIDs; drawn once and never to be changed. */
const NAMESPACE = 'b4a2a4e2-3f0c-4c1b-9a55-6d4f3f1f0c27';

/** The same for every attempt to record a fact, so that KurrentDB stores it once. */
export const recordIdOf = (fact: Fact): string => uuidOfName(fact.id, NAMESPACE);

/**
 * The data are declared to be bytes and not JSON: the client would parse JSON on the way back, and
 * with that change users' numbers over 2^53. The attributes of the CloudEvent are the metadata.
 */
export function recordOf(lane: Lane, { id, at, event }: Fact, recordId: string): EventData {
  const { ceType, payload } = encodeEvent(event);
  return binaryEvent({
    id: recordId,
    type: ceType,
    data: payload,
    metadata: {
      specversion: '1.0',
      id,
      ...addressOf(lane),
      time: at,
      datacontenttype: JSON_CONTENT_TYPE,
    },
  });
}

/** `null` for what is no event of a stream, like a link whose target was deleted. */
export function storedRecord({ event, commitPosition }: ResolvedEvent): StoredRecord | null {
  if (event === undefined) return null;
  const commit = event.position?.commit ?? commitPosition;
  if (commit === undefined) return null;
  return {
    stream: event.streamId,
    revision: event.revision,
    position: Number(commit),
    recordId: event.id,
    type: event.type,
    // Ours are bytes; somebody else's JSON comes parsed and is written again.
    payload: event.isJson ? Buffer.from(JSON.stringify(event.data)) : event.data,
    attributes: attributesOf(event.metadata),
    createdAt: event.created,
  };
}

/** Reads a record that stands in a lane of this kind; never throws. */
export function entryOf(record: StoredRecord, laneKind: LaneKind | null): ReadEntry {
  const { stream: subject, position, type, payload } = record;
  const unreadable = (problem: string, isNewer = false): ReadEntry => ({
    kind: 'unreadable',
    unreadable: { position, problem, subject },
    isNewer,
  });
  const { id, time } = attributesIn(record);
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) return unreadable(`attribute time is no RFC 3339 time: ${time}`);
  const decoded = decodeEvent({ ceType: type, payload });
  if (!decoded.ok) return unreadable(decoded.problem, decoded.isNewer);
  if (decoded.lane !== laneKind) {
    return unreadable(`${type}: may not stand in this lane`);
  }
  const at = new Date(ms).toISOString();
  return { kind: 'event', logged: { position, id, at, event: decoded.event } };
}

/** The record as the CloudEvent that it is; what somebody left out is made up from the record. */
export function cloudEventIn(record: StoredRecord, lane: Lane): CloudEvent {
  const { source, subject } = addressOf(lane);
  const { id, time } = attributesIn(record);
  return {
    id,
    source,
    subject,
    type: record.type,
    time,
    datacontenttype: record.attributes.get('datacontenttype') ?? JSON_CONTENT_TYPE,
    data: record.payload,
  };
}

/** A record as it is. In a stream of no lane, which somebody else made, it is only bytes of a type. */
export function storedEventIn(record: StoredRecord, lane: Lane | null): StoredEvent {
  const { position, stream, recordId, type, payload, createdAt } = record;
  return {
    position,
    storedAt: createdAt.toISOString(),
    subject: lane === null ? stream : subjectOf(lane),
    cloudEvent:
      lane === null
        ? { id: recordId, source: '/log', type, data: payload }
        : cloudEventIn(record, lane),
  };
}

const attributesIn = ({ attributes, recordId, createdAt }: StoredRecord) => ({
  id: attributes.get('id') ?? recordId,
  time: attributes.get('time') ?? createdAt.toISOString(),
});

function attributesOf(metadata: unknown): ReadonlyMap<string, string> {
  if (typeof metadata !== 'object' || metadata === null || metadata instanceof Uint8Array) {
    return new Map();
  }
  return new Map(
    Object.entries(metadata).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
