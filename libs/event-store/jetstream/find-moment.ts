import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type StoredMsg,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Position } from '#libs/domain/platform-event.ts';
import type { Moment } from '../event-store.port.ts';
import { EVENT_STREAM } from './event-stream.ts';
import type { StreamAccess } from './read-messages.ts';

const CONSUMER_IDLE_MS_MAX = 5000;

/** The newest message at or before a sequence, or stored at or before a time; `null`: there is none. */
export async function findMoment(
  access: StreamAccess,
  place: Position | Date,
): Promise<Moment | null> {
  const { state } = await access.manager.streams.info(EVENT_STREAM);
  const newest = typeof place === 'number' ? place : await sequenceAt(access, place);
  // Messages that somebody purged leave gaps.
  for (let seq = Math.min(newest, state.last_seq); seq >= state.first_seq && seq > 0; seq--) {
    const message = await messageAt(access, seq);
    if (message !== null) return { position: seq, storedAt: message.time.toISOString() };
  }
  return null;
}

/** A consumer that starts at a time knows the sequence it starts at, and need not read anything. */
async function sequenceAt({ manager }: StreamAccess, time: Date): Promise<number> {
  const consumer = await manager.consumers.add(EVENT_STREAM, {
    name: `moment_${crypto.randomUUID()}`,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartTime,
    // The server keeps nanoseconds: what was stored within this millisecond belongs to it.
    opt_start_time: new Date(time.getTime() + 1).toISOString(),
    inactive_threshold: nanos(CONSUMER_IDLE_MS_MAX),
    mem_storage: true,
    num_replicas: 1,
  });
  // The server forgets the consumer in a while anyway.
  await manager.consumers.delete(EVENT_STREAM, consumer.name).catch(() => {});
  return consumer.delivered.stream_seq;
}

async function messageAt({ manager }: StreamAccess, seq: number): Promise<StoredMsg | null> {
  try {
    return await manager.streams.getMessage(EVENT_STREAM, { seq });
  } catch (error) {
    const isGap =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound;
    if (isGap) return null;
    throw error;
  }
}
