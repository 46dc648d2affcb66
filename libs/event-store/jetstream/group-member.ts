import { createInbox, type Msg, nanos, type NatsConnection } from '@nats-io/transport-node';
import { onReconnect } from '#libs/platform/nats/on-reconnect.ts';
import { EVENT_STREAM } from './event-stream.ts';

const PULL_MS_MAX = 30_000;
const HEARTBEAT_MS = 5000;
/** Two heartbeats missed and some. */
const SILENCE_MS_MAX = 12_000;
const HEARTBEAT = 100;
const PULL_EXPIRED = 408;

/** Gives a delivery back at once. */
const NAK = '-NAK';

/** What `next` came back with: `lost` when the group's consumer may be gone, `closed` after `close`. */
export type NextDelivery = Msg | 'lost' | 'closed';

/**
 * One member of a group of readers that share a durable consumer: takes one message at a time, and
 * asks for it only when it is wanted, so that nothing lies here on a lease that runs out.
 */
export class GroupMember {
  private readonly inbox = createInbox();
  private readonly stop: () => void;
  private heardAt = 0;
  private isClosed = false;
  private answer: ((next: NextDelivery) => void) | null = null;

  constructor(
    private readonly connection: NatsConnection,
    private readonly group: string,
  ) {
    const subscription = connection.subscribe(this.inbox, {
      callback: (error, message) => (error === null ? this.receive(message) : this.give('lost')),
    });
    const watchdog = setInterval(() => this.checkSilence(), HEARTBEAT_MS).unref();
    const stopWatching = onReconnect(connection, () => this.give('lost'));
    this.stop = () => {
      subscription.unsubscribe();
      clearInterval(watchdog);
      stopWatching();
    };
  }

  /** Waits for the next message. One call at a time. */
  next(): Promise<NextDelivery> {
    return new Promise((resolve) => {
      this.answer = resolve;
      if (this.isClosed) this.give('closed');
      else this.request();
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stop();
    this.give('closed');
  }

  private request(): void {
    const pull = { batch: 1, expires: nanos(PULL_MS_MAX), idle_heartbeat: nanos(HEARTBEAT_MS) };
    this.heardAt = performance.now();
    try {
      this.connection.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${EVENT_STREAM}.${this.group}`,
        JSON.stringify(pull),
        { reply: this.inbox },
      );
    } catch {
      this.give('lost'); // The connection was closed.
    }
  }

  private receive(message: Msg): void {
    this.heardAt = performance.now();
    if (message.subject !== this.inbox) {
      // A pull that was given up as lost may still be answered: let another member have it.
      if (this.answer === null) message.respond(NAK);
      else this.give(message);
      return;
    }
    const status = message.headers?.code;
    if (status === HEARTBEAT || this.answer === null) return;
    if (status === PULL_EXPIRED) this.request();
    else this.give('lost');
  }

  private give(next: NextDelivery): void {
    const answer = this.answer;
    this.answer = null;
    answer?.(next);
  }

  private checkSilence(): void {
    if (performance.now() - this.heardAt > SILENCE_MS_MAX) this.give('lost');
  }
}
