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
import { STORED_AT } from './event-envelope.ts';
import { EVENT_STREAM } from './event-stream.ts';
import type { StreamAccess } from './read-messages.ts';

const CONSUMER_IDLE_MS_MAX = 5000;

/** The newest message at or before a sequence, or stored at or before a time; `null`: there is none. */
export async function findMoment(
  access: StreamAccess,
  place: Position | Date,
): Promise<Moment | null> {
  const { state } = await access.manager.streams.info(EVENT_STREAM);
  const newest = typeof place === 'number' ? place : await newestBy(access, place, state);
  let [low, high] = [Math.max(state.first_seq, 1), Math.min(newest, state.last_seq)];
  if (high < low) return null;
  const message = await messageAt(access, high);
  if (message !== null) return { position: high, storedAt: storedAtOf(message) };
  // Archived jobs leave gaps of any length, so the last message before one is found by halving.
  let newestLeft: StoredMsg | null = null;
  while (low < high) {
    const next = await atOrBehind(access, Math.floor((low + high) / 2));
    if (next === null || next.seq > high) high = Math.floor((low + high) / 2);
    else [newestLeft, low] = [next, next.seq + 1];
  }
  return newestLeft && { position: newestLeft.seq, storedAt: storedAtOf(newestLeft) };
}

/** Of an imported message it is when the log that it comes from stored it. */
const storedAtOf = ({ header, time }: StoredMsg): string =>
  header.get(STORED_AT) || time.toISOString();

/** What was imported was stored here later than it says, so there the place is found by halving. */
async function newestBy(
  access: StreamAccess,
  time: Date,
  { first_seq: first, last_seq: last }: { readonly first_seq: number; readonly last_seq: number },
): Promise<number> {
  const newest = await sequenceAt(access, time);
  let [low, high] = [Math.max(first, newest + 1), last + 1];
  if (low > last || !(await isImported(access, low))) return newest;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const message = await atOrBehind(access, middle);
    const isLater = message === null || Date.parse(storedAtOf(message)) > time.getTime();
    if (isLater) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

const isImported = async (access: StreamAccess, seq: number): Promise<boolean> =>
  (await messageAt(access, seq))?.header.has(STORED_AT) === true;

/** The first message that is there from a sequence on. */
const atOrBehind = ({ manager }: StreamAccess, seq: number): Promise<StoredMsg | null> =>
  orNull(manager.direct.getMessage(EVENT_STREAM, { seq, next_by_subj: '>' }));

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

const messageAt = ({ manager }: StreamAccess, seq: number): Promise<StoredMsg | null> =>
  orNull(manager.streams.getMessage(EVENT_STREAM, { seq }));

/** `null` when there is no such message. */
async function orNull(asked: Promise<StoredMsg | null>): Promise<StoredMsg | null> {
  try {
    return await asked;
  } catch (error) {
    const isGap =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound;
    if (isGap) return null;
    throw error;
  }
}
