import {
  createInbox,
  errors,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { onReconnect } from './on-reconnect.ts';

/** The stream took the message. */
export interface PublishAck {
  readonly seq: number;
  /** The stream had a message of this id already and stored nothing. */
  readonly duplicate: boolean;
}

/** The stream answered that it will not store the message. */
export class PublishRefused extends Error {
  override readonly name = 'PublishRefused';
  constructor(
    readonly subject: string,
    /** JetStream's `err_code`; 0 where the server gave none. */
    readonly code: number,
    description: string,
  ) {
    super(`${subject}: ${description} (code ${code})`);
  }
}

/** No answer: the message may or may not be stored. Publishing again with its id is safe. */
export class PublishUnanswered extends Error {
  override readonly name = 'PublishUnanswered';
}

/** Its headers hold a `Nats-Msg-Id` or an expected sequence: it may be sent more than once. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: MsgHdrs;
}

/** A message that is not known to be stored, and why. */
export interface FailedMessage {
  readonly message: OutgoingMessage;
  readonly error: PublishRefused | PublishUnanswered;
}

interface Waiting {
  readonly message: OutgoingMessage;
  /** In milliseconds of the process's own clock, which is never set back. */
  deadline: number;
  onStored(ack: PublishAck): void;
  onFailed(failed: FailedMessage): void;
}

/** Enough to keep a server on the same machine busy, little enough to be memory of no concern. */
const IN_FLIGHT_MAX = 4096;
const IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024;
const SWEEP_MS = 250;
const NO_RESPONDERS = 503;

/**
 * Publishes to JetStream with many messages in flight.
 *
 * All acknowledgements come to one inbox and are matched by a token, which on one core was
 * measured at six times the rate of a request and a subscription per message. When the connection
 * was lost, what is unanswered is sent again as soon as it is back: the client drops it otherwise.
 */
export class PipelinedPublisher {
  private readonly inbox = createInbox();
  private readonly waiting = new Map<string, Waiting>();
  private readonly subscription: Subscription;
  private readonly sweeper: NodeJS.Timeout;
  private readonly stopWatching: () => void;
  private inFlightBytes = 0;
  private lastToken = 0;
  private spaceListeners: (() => void)[] = [];

  /** @param timeoutMs how long an answer is waited for, counted anew after a reconnect */
  constructor(
    private readonly connection: NatsConnection,
    private readonly timeoutMs = 5000,
  ) {
    this.subscription = connection.subscribe(`${this.inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.settle(message);
      },
    });
    this.sweeper = setInterval(() => this.failOverdue(), SWEEP_MS).unref();
    this.stopWatching = onReconnect(connection, () => this.sendAgain());
  }

  /**
   * Publishes one message.
   *
   * @throws PublishRefused when the stream says no
   * @throws PublishUnanswered when no answer came in time
   */
  publish(message: OutgoingMessage): Promise<PublishAck> {
    return new Promise((resolve, reject) => {
      this.send(message, { onStored: resolve, onFailed: ({ error }) => reject(error) });
    });
  }

  /** Publishes all messages in order and resolves when every one is stored; rejects with the first failure. */
  async publishAll(messages: Iterable<OutgoingMessage>): Promise<void> {
    const [failed] = await this.publishEach(messages);
    if (failed !== undefined) throw failed.error;
  }

  /**
   * Publishes all messages in order, taking them as there is space, and waits for every answer.
   *
   * @returns those that are not known to be stored, in no order that matters; never rejects
   */
  async publishEach(messages: Iterable<OutgoingMessage>): Promise<readonly FailedMessage[]> {
    const failures: FailedMessage[] = [];
    let unansweredCount = 1; // One for the loop, so that it does not end before all are sent.
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    const answered = (): void => {
      if (--unansweredCount === 0) finish();
    };
    const onFailed = (failed: FailedMessage): void => {
      failures.push(failed);
      answered();
    };
    for (const message of messages) {
      if (!this.hasSpace) await this.space();
      unansweredCount++;
      this.send(message, { onStored: answered, onFailed });
    }
    answered();
    await finished;
    return failures;
  }

  close(): void {
    clearInterval(this.sweeper);
    this.stopWatching();
    this.subscription.unsubscribe();
    for (const token of this.waiting.keys()) {
      this.fail(token, new PublishUnanswered('the publisher was closed'));
    }
  }

  private get hasSpace(): boolean {
    return this.waiting.size < IN_FLIGHT_MAX && this.inFlightBytes < IN_FLIGHT_BYTES_MAX;
  }

  /** Resolves when half of what may be in flight has been answered. */
  private space(): Promise<void> {
    return new Promise((resolve) => this.spaceListeners.push(resolve));
  }

  private send(message: OutgoingMessage, outcome: Pick<Waiting, 'onStored' | 'onFailed'>): void {
    const token = (++this.lastToken).toString(36);
    const deadline = performance.now() + this.timeoutMs;
    this.waiting.set(token, { message, deadline, ...outcome });
    this.inFlightBytes += message.payload.length;
    this.write(token, message);
  }

  private write(token: string, { subject, payload, headers }: OutgoingMessage): void {
    try {
      this.connection.publish(subject, payload, { headers, reply: `${this.inbox}.${token}` });
    } catch (cause) {
      const isTooLarge = cause instanceof errors.InvalidArgumentError;
      this.fail(
        token,
        isTooLarge
          ? new PublishRefused(subject, 0, cause.message)
          : new PublishUnanswered(`${subject}: not sent`, { cause }),
      );
    }
  }

  private settle(answer: Msg): void {
    const token = answer.subject.slice(this.inbox.length + 1);
    const waiting = this.waiting.get(token);
    if (waiting === undefined) return;
    const outcome = readAnswer(waiting.message.subject, answer);
    if (outcome instanceof Error) this.fail(token, outcome);
    else this.forget(token)?.onStored(outcome);
  }

  private fail(token: string, error: FailedMessage['error']): void {
    const waiting = this.forget(token);
    waiting?.onFailed({ message: waiting.message, error });
  }

  private forget(token: string): Waiting | null {
    const waiting = this.waiting.get(token);
    if (waiting === undefined) return null;
    this.waiting.delete(token);
    this.inFlightBytes -= waiting.message.payload.length;
    if (this.waiting.size <= IN_FLIGHT_MAX / 2 && this.inFlightBytes <= IN_FLIGHT_BYTES_MAX / 2) {
      const listeners = this.spaceListeners;
      this.spaceListeners = [];
      for (const resolve of listeners) resolve();
    }
    return waiting;
  }

  private sendAgain(): void {
    const deadline = performance.now() + this.timeoutMs;
    for (const [token, waiting] of this.waiting) {
      waiting.deadline = deadline;
      this.write(token, waiting.message);
    }
  }

  private failOverdue(): void {
    const now = performance.now();
    for (const [token, { deadline, message }] of this.waiting) {
      if (deadline > now) return; // Oldest first: the rest is younger.
      const problem = `${message.subject}: no answer within ${this.timeoutMs} ms`;
      this.fail(token, new PublishUnanswered(problem));
    }
  }
}

function readAnswer(subject: string, answer: Msg): PublishAck | FailedMessage['error'] {
  if (answer.data.length === 0) {
    const isNoResponders = answer.headers?.code === NO_RESPONDERS;
    const problem = isNoResponders ? 'no stream listens on this subject' : 'empty answer';
    return new PublishUnanswered(`${subject}: ${problem}`);
  }
  try {
    const { seq, duplicate, error } = answer.json<{
      seq?: number;
      duplicate?: boolean;
      error?: { err_code?: number; description?: string };
    }>();
    if (error === undefined) return { seq: seq ?? 0, duplicate: duplicate === true };
    return new PublishRefused(subject, error.err_code ?? 0, error.description ?? 'refused');
  } catch (cause) {
    return new PublishUnanswered(`${subject}: the answer is not JSON`, { cause });
  }
}
