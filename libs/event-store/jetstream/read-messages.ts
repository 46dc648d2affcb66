import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { EventStoreUnavailable } from '../event-store.port.ts';
import { type FedMessage, type FeedOptions, MessageFeed } from './message-feed.ts';

/** An archived job leaves the log long after whoever begins to read it reads its archive. */
const LEFT = 'the events left the log while they were read; ask again';
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2000;
/** About 7 s of trying again, for readers that do not wait for ever. */
const ATTEMPTS_MAX = 10;

export interface StreamAccess {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly logger: Logger;
}

/** The messages of one subject, or of those that a pattern matches, that are wanted. */
export interface MessageRange {
  readonly filterSubject: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/**
 * Messages from `firstSequence` on, in order, without gap or repetition, whatever happens to the
 * server meanwhile. Ends when `signal` aborts.
 */
export async function* followMessages(
  access: StreamAccess,
  { firstSequence, filterSubject }: FeedOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly FedMessage[]> {
  let next = firstSequence;
  for (let attempt = 1; !signal.aborted; attempt++) {
    const feed = await openFeed(access, { firstSequence: next, filterSubject }, attempt);
    const close = (): void => feed?.close();
    signal.addEventListener('abort', close);
    try {
      for (;;) {
        const messages = signal.aborted ? null : ((await feed?.take()) ?? null);
        if (messages === null) break;
        attempt = 0;
        next = (messages.at(-1)?.sequence ?? next) + 1;
        yield messages;
      }
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
    await backOff(attempt, signal);
  }
}

/**
 * Messages of a range, in order.
 *
 * @throws EventStoreUnavailable when the stream cannot be read for long
 */
export async function* readMessages(
  access: StreamAccess,
  { filterSubject, lastSequence, ...range }: MessageRange,
): AsyncGenerator<FedMessage> {
  let { firstSequence } = range;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const place = { firstSequence, filterSubject, isOfRange: true };
    const feed = await openFeed(access, place, attempt);
    try {
      if (feed?.isEmpty === true && firstSequence === range.firstSequence) return;
      if (feed?.isEmpty === true) throw new EventStoreUnavailable(`${filterSubject}: ${LEFT}`);
      for (;;) {
        const messages = (await feed?.take()) ?? null;
        if (messages === null) break;
        attempt = 0;
        for (const message of messages) {
          if (message.sequence > lastSequence) return;
          firstSequence = message.sequence + 1;
          yield message;
          if (message.sequence === lastSequence || message.pendingCount === 0) return;
        }
      }
    } finally {
      feed?.close();
    }
    await backOff(attempt);
  }
  throw new EventStoreUnavailable(`${filterSubject} cannot be read`);
}

async function openFeed(
  { connection, manager, logger }: StreamAccess,
  options: FeedOptions,
  attempt: number,
): Promise<MessageFeed | null> {
  if (connection.isClosed()) throw new EventStoreUnavailable('the connection was closed');
  try {
    return await MessageFeed.open(connection, manager, options);
  } catch (error) {
    const { firstSequence } = options;
    logger.warn({ err: error, firstSequence, attempt }, 'event stream cannot be read, will retry');
    return null;
  }
}

/** Waits 50 ms, 100 ms, … at most 2 s, or until `signal` aborts. */
async function backOff(attempt: number, signal?: AbortSignal): Promise<void> {
  if (attempt === 0) return; // It went well until now.
  await pause(Math.min(RETRY_MS_MIN * 2 ** (attempt - 1), RETRY_MS_MAX), signal);
}
