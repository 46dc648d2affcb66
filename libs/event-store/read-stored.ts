import { MalformedCloudEvent } from '#libs/messaging/cloudevents/cloud-event.ts';
import { decodeMessage } from '#libs/messaging/cloudevents/nats-binding.ts';
import { decodeEvent } from './codec/event-codec.ts';
import type { LogEntry } from './event-store.port.ts';
import { laneKindOf } from './lane.ts';
import { normalTime } from './normal-time.ts';
import { FOREIGN_TYPE, foreignHeaders, type StoredEvent } from './stored-event.ts';

/** What an event says that was kept as it is stored: the same as the log says of it. */
export function readStored(stored: StoredEvent): LogEntry {
  const { position, subject, cloudEvent } = stored;
  const unreadable = (problem: string): LogEntry => ({
    kind: 'unreadable',
    unreadable: { position, problem, subject },
  });
  const { id, type: ceType, time, data: payload } = cloudEvent;
  if (ceType === FOREIGN_TYPE) return unreadable(foreignProblem(stored));
  if (time === undefined) return unreadable('attribute time is missing');
  const at = normalTime(time);
  if (at === null) return unreadable(`attribute time is no RFC 3339 time: ${time}`);
  const decoded = decodeEvent({ ceType, payload });
  if (!decoded.ok) return unreadable(decoded.problem);
  if (decoded.lane !== laneKindOf(subject)) {
    return unreadable(`${ceType}: may not stand in this lane`);
  }
  return { kind: 'event', logged: { position, id, at, event: decoded.event } };
}

function foreignProblem({ cloudEvent }: StoredEvent): string {
  try {
    decodeMessage({ headers: foreignHeaders(cloudEvent), payload: cloudEvent.data });
    return 'is no CloudEvent';
  } catch (error) {
    if (error instanceof MalformedCloudEvent) return error.message;
    throw error;
  }
}
