import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';
import { encodeEvent } from '#libs/event-store/codec/event-codec.ts';
import type { JobAddress } from '#libs/event-store/event-store.port.ts';
import { addressOf } from '#libs/event-store/lane.ts';
import { JSON_CONTENT_TYPE, SPEC_VERSION } from '#libs/messaging/cloudevents/cloud-event.ts';

/**
 * JSON text of an event of a job: a CloudEvent in structured mode, in the newest version of its type.
 * Users' numbers stay as they were sent. `position` is text, as integers of CloudEvents have 32 bits.
 */
export function eventDocument(job: JobAddress, { position, id, at, event }: LoggedEvent): string {
  const { ceType, payload } = encodeEvent(event);
  return stringifyWithRaw({
    specversion: SPEC_VERSION,
    id,
    ...addressOf({ kind: 'job', ...job }),
    type: ceType,
    time: at,
    datacontenttype: JSON_CONTENT_TYPE,
    position: String(position),
    data: new RawJson(new TextDecoder().decode(payload)),
  });
}
