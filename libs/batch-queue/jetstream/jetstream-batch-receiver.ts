import {
  createInbox,
  type Msg,
  type NatsConnection,
  nanos,
  type Subscription,
} from '@nats-io/transport-node';
import { invariant } from '#libs/domain/kernel/errors.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import {
  type BatchReceiver,
  BatchQueueUnavailable,
  type JobQueueKey,
  type LeasedBatch,
} from '../batch-queue.port.ts';
import { readDelivery } from './delivery.ts';
import { JetStreamLease } from './jetstream-lease.ts';
import { type Backlog, PullPace } from './pull-pace.ts';
import { QUEUE_STREAM, queueConsumer } from './queue-names.ts';

/** How long the server's answer may be overdue before the wait ends without it. */
const ANSWER_MS_MAX = 1000;
/** Pause before looking again for a queue that is not there. */
const RETRY_MS = 250;
/** A request that never expires could stay without a batch. */
const EXPIRES_MS_MIN = 10;
/** A quarter of what a server keeps for a slow client before it cuts it off. */
const RECEIVE_BYTES_MAX = 16 * 1024 * 1024;
/** The server starts a lease when it sends the batch, which is some time before it arrives. */
const LEASE_MARGIN = 0.1;
const NOT_FOUND = 404;
const TIMEOUT = 408;
const ACK = '+ACK';
const IN_PROGRESS = '+WPI';
const NAK = '-NAK';
const TERMINATE = '+TERM';

/** A `receive` that has not returned. */
interface Waiting {
  readonly countMax: number;
  readonly endsAt: number;
  readonly timer: NodeJS.Timeout;
  resolve(batches: readonly LeasedBatch[]): void;
  /** Names the pull request that is out; answers to earlier ones do not count. */
  token: string;
  /** How many batches the pull request asks for. */
  askedCount: number;
}

interface ReceiverOptions {
  readonly key: JobQueueKey;
  readonly leaseMs: number;
  readonly logger: Logger;
  /** What is on the job's queue; `null` when it has none. */
  backlog(): Promise<Backlog | null>;
  /** Called once, when the receiver was closed. */
  onClose(): void;
}

/**
 * Pulls with one request at a time, all answered on one inbox.
 *
 * The request is a one-shot (`no_wait` with an expiry): the server sends what it has, up to the
 * count, and says that this was all; having nothing it waits for the first batch. So no request is
 * left that could take batches nobody is waiting for. What comes late all the same, around a
 * reconnect, is kept for the next `receive`.
 */
export class JetStreamBatchReceiver implements BatchReceiver {
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private readonly requestSubject: string;
  private arrived: JetStreamLease[] = [];
  /** A pull request to a queue that is not there stays unanswered, so one must know. */
  private isKnown = false;
  private waiting: Waiting | null = null;
  private requestCount = 0;
  private payloadBytesMax: number;
  private readonly pace: PullPace;
  private isClosed = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: ReceiverOptions,
  ) {
    this.requestSubject = `$JS.API.CONSUMER.MSG.NEXT.${QUEUE_STREAM}.${queueConsumer(options.key)}`;
    this.pace = new PullPace(options.leaseMs, async () => {
      const backlog = await options.backlog();
      if (backlog === null) this.isKnown = false;
      return backlog;
    });
    // Until batches were seen they are taken for the largest there can be.
    this.payloadBytesMax = connection.info?.max_payload ?? RECEIVE_BYTES_MAX;
    this.subscription = connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.take(message);
        else options.logger.error({ err: error, ...options.key }, 'cannot receive batches');
      },
    });
  }

  receive(countMax: number, waitMs: number): Promise<readonly LeasedBatch[]> {
    invariant(this.waiting === null, 'one receive at a time');
    if (this.isClosed) return Promise.resolve([]);
    const held = this.takeArrived(countMax);
    if (held.length > 0) return Promise.resolve(held);
    if (this.connection.isClosed())
      return Promise.reject(new BatchQueueUnavailable('the connection was closed'));
    return new Promise((resolve) => {
      const endsAt = performance.now() + waitMs;
      const timer = setTimeout(() => this.giveUp(), waitMs + ANSWER_MS_MAX);
      this.waiting = { countMax, endsAt, timer, resolve, token: '', askedCount: 0 };
      this.ask(this.waiting);
    });
  }

  renew(batches: readonly LeasedBatch[]): void {
    const endsAt = this.leaseEnd();
    this.tell(IN_PROGRESS, batches, (lease) => lease.renew(endsAt));
  }

  remove(batches: readonly LeasedBatch[]): void {
    this.tell(ACK, batches, (lease) => lease.settle());
  }

  release(batch: LeasedBatch, delayMs: number): void {
    const how = delayMs > 0 ? `${NAK} {"delay":${nanos(Math.ceil(delayMs))}}` : NAK;
    this.tell(how, [batch], (lease) => lease.settle());
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.finish();
    this.options.onClose();
    if (this.connection.isClosed()) return;
    // What the server sent before it learned of the end still comes, and is given back.
    await Promise.race([this.subscription.drain(), this.connection.closed()]);
    for (const lease of this.arrived) this.release(lease, 0);
    this.arrived = [];
  }

  /** The connection was closed, so nothing comes any more. */
  abandon(): void {
    this.finish();
  }

  /** The connection is back: pull requests of before are forgotten on the server's side. */
  resume(): void {
    this.isKnown = false;
    if (this.waiting !== null) this.askAgain(this.waiting);
  }

  private ask(waiting: Waiting): void {
    if (this.isKnown) this.request(waiting);
    else void this.look(waiting);
  }

  private askAgain(waiting: Waiting): void {
    if (this.arrived.length > 0 || performance.now() >= waiting.endsAt) this.finish();
    else this.ask(waiting);
  }

  /** Looks for the queue, after a pause, for as long as the wait goes on; then asks it. */
  private async look(waiting: Waiting, firstPauseMs = 0): Promise<void> {
    const token = this.nextToken(waiting);
    const isCurrent = (): boolean => this.waiting === waiting && waiting.token === token;
    for (let pauseMs = firstPauseMs; ; pauseMs = RETRY_MS) {
      const remainingMs = Math.max(0, waiting.endsAt - performance.now());
      if (pauseMs > 0) await pause(Math.min(pauseMs, remainingMs));
      // Not to be reached is looked for again, like not there.
      const backlog = isCurrent() ? await this.options.backlog().catch(() => null) : null;
      if (!isCurrent()) return;
      if (backlog !== null) break;
      if (performance.now() >= waiting.endsAt) {
        this.finish();
        return;
      }
    }
    this.isKnown = true;
    this.request(waiting);
  }

  /** The request that is out brought nothing. */
  private async askOn(waiting: Waiting): Promise<void> {
    const { token } = waiting;
    await this.pace.adjust();
    if (this.waiting === waiting && waiting.token === token) this.askAgain(waiting);
  }

  /** @param single asks for one batch that may take its time, instead of for what is there */
  private request(waiting: Waiting, single = false): void {
    const room = Math.max(1, Math.floor(RECEIVE_BYTES_MAX / this.payloadBytesMax));
    waiting.askedCount = single ? 1 : Math.min(waiting.countMax, room);
    const remainingMs = Math.ceil(waiting.endsAt - performance.now());
    const expiresMs = Math.max(Math.min(remainingMs, this.pace.pullMs), EXPIRES_MS_MIN);
    const body = `{"batch":${waiting.askedCount},"no_wait":${!single},"expires":${nanos(expiresMs)}}`;
    this.say(body, this.requestSubject, `${this.inbox}.${this.nextToken(waiting)}`);
  }

  private nextToken(waiting: Waiting): string {
    waiting.token = String(++this.requestCount);
    return waiting.token;
  }

  private take(message: Msg): void {
    if (message.reply === undefined || message.reply === '') return this.takeStatus(message);
    const delivery = readDelivery(message, this.options.key.jobId);
    if (delivery === null) return this.refuse(message, message.reply);
    this.arrived.push(new JetStreamLease(delivery, this.leaseEnd()));
    if (this.waiting !== null && this.arrived.length >= this.waiting.askedCount) this.finish();
  }

  /** The server says why a pull request brings no more. */
  private takeStatus(message: Msg): void {
    const { waiting } = this;
    if (waiting?.token !== message.subject.slice(this.inbox.length + 1)) return;
    const code = message.headers?.code ?? 0;
    if (this.arrived.length > 0) {
      this.finish();
    } else if (code === TIMEOUT && message.headers?.description === 'Requests Pending') {
      // Others wait for more than there is; asking for what is there would be refused again.
      this.request(waiting, true);
    } else if (code === TIMEOUT || code === NOT_FOUND) {
      void this.askOn(waiting);
    } else {
      // Deleted, or moved to another server of a cluster, or too many are waiting.
      void this.look(waiting, RETRY_MS);
    }
  }

  /** No answer at all: the queue may be gone. */
  private giveUp(): void {
    this.isKnown = false;
    this.finish();
  }

  private finish(): void {
    const { waiting } = this;
    if (waiting === null) return;
    this.waiting = null;
    clearTimeout(waiting.timer);
    waiting.resolve(this.isClosed ? [] : this.takeArrived(waiting.countMax));
  }

  /** Arrived batches with enough of their lease left for a worker that renews every third of it. */
  private takeArrived(countMax: number): JetStreamLease[] {
    const latest = performance.now() + (this.options.leaseMs * 2) / 3;
    const taken: JetStreamLease[] = [];
    while (taken.length < countMax) {
      const lease = this.arrived.shift();
      if (lease === undefined) break;
      if (lease.isHeld(latest)) taken.push(lease);
      else this.release(lease, 0);
    }
    if (taken.length > 0)
      this.payloadBytesMax = Math.max(1, ...taken.map((one) => one.payload.length));
    return taken;
  }

  /** When a lease that starts now may be ours no longer. */
  private leaseEnd(): number {
    return performance.now() + this.options.leaseMs * (1 - LEASE_MARGIN);
  }

  private refuse(message: Msg, ackSubject: string): void {
    this.options.logger.error(
      { subject: message.subject, sizeBytes: message.data.length, ...this.options.key },
      'a message on the queue is no batch of the job; discarded',
    );
    this.say(TERMINATE, ackSubject);
    if (this.waiting === null || --this.waiting.askedCount > this.arrived.length) return;
    if (this.arrived.length > 0) this.finish();
    else this.ask(this.waiting); // It was all that the request was answered with.
  }

  /** Says one word about each batch that is still held; the client sends them in one write. */
  private tell(
    word: string,
    batches: readonly LeasedBatch[],
    note: (lease: JetStreamLease) => void,
  ): void {
    const now = performance.now();
    for (const lease of batches) {
      if (!(lease instanceof JetStreamLease) || !lease.isHeld(now)) continue;
      note(lease);
      this.say(word, lease.ackSubject);
    }
  }

  private say(word: string, subject: string, reply?: string): void {
    try {
      this.connection.publish(subject, word, reply === undefined ? {} : { reply });
    } catch (error) {
      // Closed. Leases run out, batches are offered again, and the next `receive` says so.
      this.options.logger.warn({ err: error, ...this.options.key }, 'the connection was closed');
    }
  }
}
