import { JetStreamApiCodes, JetStreamApiError, type StoredMsg } from '@nats-io/jetstream';
import { EVENT_STREAM } from './event-stream.ts';
import { type StreamAccess, readMessages } from './read-messages.ts';
import { headerOf, messageOfStream, type StoredMessage } from './stored-message.ts';

export const EXPECTED_SEQUENCE = 'Nats-Expected-Last-Subject-Sequence';

/**
 * The messages of one subject, oldest first.
 *
 * Every append says in a header which message it follows, so a lane is read backwards from its last
 * message, one request each, and needs no consumer: making those is slow on a large stream.
 */
export async function readLane(
  access: StreamAccess,
  subject: string,
): Promise<readonly StoredMessage[]> {
  const last = await getMessage(access, { last_by_subj: subject });
  const lane: StoredMessage[] = [];
  for (let message = last; message !== null;) {
    lane.push(message);
    const previous = headerOf(message.headerText, EXPECTED_SEQUENCE);
    if (previous === '0') return lane.reverse();
    message = previous === null ? null : await getMessage(access, { seq: Number(previous) });
    if (message?.subject !== subject) message = null;
  }
  // Somebody published into the lane without saying what he expects: read it the long way.
  return last === null ? [] : scanLane(access, subject, last.sequence);
}

async function scanLane(
  access: StreamAccess,
  subject: string,
  lastSequence: number,
): Promise<readonly StoredMessage[]> {
  const lane: StoredMessage[] = [];
  const range = { filterSubject: subject, firstSequence: 1, lastSequence };
  for await (const message of readMessages(access, range)) lane.push(message);
  return lane;
}

/** `null` when there is no such message. */
export async function getMessage(
  { manager }: StreamAccess,
  query: { readonly seq: number } | { readonly last_by_subj: string },
): Promise<StoredMessage | null> {
  const message = await manager.streams.getMessage(EVENT_STREAM, query).catch(nullWhenNotFound);
  return message === null ? null : messageOfStream(message);
}

function nullWhenNotFound(error: unknown): StoredMsg | null {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound) {
    return null;
  }
  throw error;
}
