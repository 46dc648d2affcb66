import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, nanos, type NatsConnection } from '@nats-io/transport-node';
import { parseAckSubject } from '#libs/platform/nats/ack-subject.ts';
import { onReconnect } from '#libs/platform/nats/on-reconnect.ts';
import { EVENT_STREAM } from './event-stream.ts';
import { deliveredMessage, type StoredMessage } from './stored-message.ts';

/** Messages asked for in advance: enough to keep the reader busy, and its memory small. */
const AHEAD_COUNT_MAX = 4096;
const AHEAD_BYTES_MAX = 8 * 1024 * 1024;
const PULL_MS_MAX = 30_000;
/** How soon a reader of a range learns that what it waits for has left the log. */
const RANGE_PULL_MS_MAX = 10_000;
const HEARTBEAT_MS = 5000;
/** Two heartbeats missed and some. */
const SILENCE_MS_MAX = 12_000;
/** The server forgets the consumer of a reader that died. */
const CONSUMER_IDLE_MS_MAX = 60_000;

const HEARTBEAT = 100;
/** The pull request ran out of time, or of bytes. */
const PULL_ENDED = /^408 |^409 .*MaxBytes/i;
const PULL_EXPIRED = /^408 /;

/** A message, when it was stored, and how many the consumer can still deliver after it. */
export interface FedMessage extends StoredMessage {
  readonly storedAtMs: number;
  readonly pendingCount: number;
}

export interface FeedOptions {
  /** Stream sequence of the first message wanted. */
  readonly firstSequence: number;
  /** Only messages of these subjects; without it all. */
  readonly filterSubject?: string | undefined;
  /** Whether it breaks when nothing comes for long: all that is wanted was there before. */
  readonly isOfRange?: boolean;
}

/**
 * Messages of the stream in order, from one consumer of its own, until anything at all goes wrong.
 *
 * It does not repair itself: a feed in which a message may be missing breaks, and the reader opens
 * another one behind the last message it has. That is the only way a feed goes on after the server
 * restarted, the consumer was lost, or the connection was.
 */
export class MessageFeed {
  /** Whether the consumer found nothing to deliver when it was made. */
  readonly isEmpty: boolean;
  private readonly isOfRange: boolean;
  private readonly inbox = createInbox();
  private arrived: FedMessage[] = [];
  private requestedCount = 0;
  private consumerSequence = 0;
  private heardAt = performance.now();
  private isBroken = false;
  private wake: () => void = () => {};
  private readonly stop: () => void;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly consumerName: string,
    { isEmpty, isOfRange }: { readonly isEmpty: boolean; readonly isOfRange: boolean },
  ) {
    this.isEmpty = isEmpty;
    this.isOfRange = isOfRange;
    const subscription = connection.subscribe(this.inbox, {
      callback: (error, message) => (error === null ? this.receive(message) : this.break()),
    });
    const watchdog = setInterval(() => this.checkSilence(), HEARTBEAT_MS).unref();
    const stopWatching = onReconnect(connection, () => this.break());
    this.stop = () => {
      subscription.unsubscribe();
      clearInterval(watchdog);
      stopWatching();
    };
    this.request();
  }

  /** @throws when the stream does not answer or is not there */
  static async open(
    connection: NatsConnection,
    manager: JetStreamManager,
    { firstSequence, filterSubject, isOfRange = false }: FeedOptions,
  ): Promise<MessageFeed> {
    const { name, num_pending: pendingCount } = await manager.consumers.add(EVENT_STREAM, {
      name: `feed_${crypto.randomUUID()}`,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(firstSequence, 1),
      ...(filterSubject !== undefined && { filter_subject: filterSubject }),
      inactive_threshold: nanos(CONSUMER_IDLE_MS_MAX),
      mem_storage: true,
      num_replicas: 1,
    });
    const isEmpty = pendingCount === 0;
    return new MessageFeed(connection, manager, name, { isEmpty, isOfRange });
  }

  /** Waits for messages and takes all that have arrived; `null` once the feed is broken or closed. */
  async take(): Promise<readonly FedMessage[] | null> {
    while (this.arrived.length === 0) {
      if (this.isBroken) return null;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const taken = this.arrived;
    this.arrived = [];
    this.request();
    return taken;
  }

  close(): void {
    this.break();
    // The server forgets the consumer in a while anyway.
    this.manager.consumers.delete(EVENT_STREAM, this.consumerName).catch(() => {});
  }

  private break(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.stop();
    this.wake();
  }

  /** Asks for as many messages as are missing to what may be ahead, in large steps. */
  private request(): void {
    if (this.isBroken || this.requestedCount > AHEAD_COUNT_MAX / 2) return;
    const batch = AHEAD_COUNT_MAX - this.requestedCount;
    const payloadMax = this.connection.info?.max_payload ?? 0;
    const pull = {
      batch,
      max_bytes: Math.max(AHEAD_BYTES_MAX, 2 * payloadMax), // Below one message it would never end.
      expires: nanos(this.isOfRange ? RANGE_PULL_MS_MAX : PULL_MS_MAX),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    this.requestedCount += batch;
    this.heardAt = performance.now();
    try {
      this.connection.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${EVENT_STREAM}.${this.consumerName}`,
        JSON.stringify(pull),
        { reply: this.inbox },
      );
    } catch {
      this.break(); // The connection was closed.
    }
  }

  private receive(message: Msg): void {
    this.heardAt = performance.now();
    if (message.subject === this.inbox) return this.receiveStatus(message);
    const delivery = parseAckSubject(message.reply ?? '');
    const { streamSequence, consumerSequence, pendingCount, storedAtMs } = delivery;
    if (consumerSequence !== this.consumerSequence + 1) return this.break(); // One is missing.
    this.consumerSequence = consumerSequence;
    this.requestedCount--;
    this.arrived.push({ ...deliveredMessage(message, streamSequence), storedAtMs, pendingCount });
    this.wake();
  }

  private receiveStatus({ headers }: Msg): void {
    if (headers?.code === HEARTBEAT) return;
    const unusedCount = headers?.get('Nats-Pending-Messages') ?? '';
    if (!PULL_ENDED.test(headers?.status ?? '') || unusedCount === '') return this.break();
    this.requestedCount = Math.max(0, this.requestedCount - Number(unusedCount));
    if (this.arrived.length > 0) return;
    if (this.isOfRange && PULL_EXPIRED.test(headers?.status ?? '')) return this.break();
    this.request();
  }

  private checkSilence(): void {
    if (this.requestedCount === 0) return; // The reader is slow; nothing is expected.
    if (performance.now() - this.heardAt > SILENCE_MS_MAX) this.break();
  }
}
