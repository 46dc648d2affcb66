import {
  AccessDeniedError,
  CancelledError,
  InvalidArgumentError,
  KurrentDBClient,
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamDeletedError,
  UnavailableError,
  UnsupportedError,
} from '@kurrent/kurrentdb-client';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { EventStoreUnavailable } from '../event-store.port.ts';
import { entryOf, type ReadEntry, type StoredRecord } from './stored-record.ts';
import { StreamNames } from './stream-names.ts';

/** How long one question may stay unanswered. */
const ANSWER_MS_MAX = 5000;
/** How long it is asked again before it is given up. */
const PATIENCE_MS = 10_000;
const CLOSE_MS_MAX = 500;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 1000;

/** Nothing came back. What was asked may or may not have been done. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

export interface KurrentOptions {
  readonly logger: Logger;
  /** What the log's streams begin with, so that a database can hold several; `cortex` unless given. */
  readonly log?: string;
}

/**
 * A client of KurrentDB that is replaced when it may be stuck.
 *
 * The client reconnects by itself when a call fails as unavailable, cancelled or not at the leader.
 * After anything else it goes on with what it has: a failed look at the server's features is kept for
 * good, and appends on a stream that ended without an error are never answered. So those are timed
 * here, and the next call goes through a new client; calls in progress stay with the old one.
 */
export class KurrentConnection {
  readonly names: StreamNames;
  readonly logger: Logger;
  private client: KurrentDBClient;
  private readonly clients = new Set<KurrentDBClient>();
  private isClosed = false;

  constructor(
    private readonly url: string,
    { logger, log = 'cortex' }: KurrentOptions,
  ) {
    this.logger = logger;
    this.names = new StreamNames(log);
    this.client = this.create();
  }

  /** @throws EventStoreUnavailable after `close` */
  get current(): KurrentDBClient {
    this.expectOpen();
    return this.client;
  }

  expectOpen(): void {
    if (this.isClosed) throw new EventStoreUnavailable('the connection to KurrentDB was closed');
  }

  /**
   * Asks until there is an answer. What is asked must be safe to do twice.
   *
   * @throws EventStoreUnavailable when there is none for 10 s, or the server will never give one;
   *   and whatever `isAnswer` takes for one
   */
  async ask<T>(
    question: (client: KurrentDBClient) => Promise<T>,
    isAnswer: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let attempt = 1; ; attempt++) {
      const client = this.current;
      try {
        return await answerOf(question(client));
      } catch (error) {
        if (isAnswer(error) || error instanceof EventStoreUnavailable) throw error;
        if (isFinal(error) || performance.now() > deadline) {
          throw new EventStoreUnavailable(explain(error), { cause: error });
        }
        this.logger.warn({ err: error, attempt }, 'KurrentDB did not answer, will ask again');
        this.mend(client, error);
        await pause(Math.min(RETRY_MS_MIN * 2 ** (attempt - 1), RETRY_MS_MAX));
      }
    }
  }

  /** Reads a record of the log; never throws. */
  readEntry(record: StoredRecord): ReadEntry {
    return entryOf(record, this.names.laneOf(record.stream)?.kind ?? null);
  }

  /** To be told of every failure of `client`. */
  mend(client: KurrentDBClient, error: unknown): void {
    if (this.isClosed || client !== this.client || reconnectsItself(error)) return;
    this.client = this.create();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const disposed = Promise.all([...this.clients].map((client) => client.dispose()));
    // The client waits for ever for a call both ways that the server has ended.
    await Promise.race([disposed, pause(CLOSE_MS_MAX)]);
  }

  private create(): KurrentDBClient {
    const client = KurrentDBClient.connectionString(this.url);
    this.clients.add(client);
    return client;
  }
}

/** @throws Unanswered after 5 s */
export async function answerOf<T>(answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Unanswered(`no answer within ${ANSWER_MS_MAX} ms`)),
    ANSWER_MS_MAX,
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether asking again changes nothing, unless somebody does something first. */
export const isFinal = (error: unknown): boolean =>
  error instanceof AccessDeniedError ||
  error instanceof StreamDeletedError ||
  error instanceof MaxAppendSizeExceededError ||
  error instanceof InvalidArgumentError ||
  error instanceof UnsupportedError;

const reconnectsItself = (error: unknown): boolean =>
  error instanceof UnavailableError ||
  error instanceof CancelledError ||
  error instanceof NotLeaderError;

export function explain(error: unknown): string {
  if (error instanceof AccessDeniedError) {
    return 'KurrentDB denies access; check the credentials in KURRENTDB_URL';
  }
  if (error instanceof StreamDeletedError) {
    return `KurrentDB: stream ${error.streamName} was deleted; streams of the log may not be`;
  }
  const problem = error instanceof Error ? error.message : String(error);
  return `KurrentDB does not answer: ${problem}`;
}
