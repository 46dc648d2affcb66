import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { batchId } from '#libs/domain/kernel/ids.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { onReconnect } from '#libs/platform/nats/on-reconnect.ts';
import {
  type FailedMessage,
  type OutgoingMessage,
  PipelinedPublisher,
} from '#libs/platform/nats/pipelined-publisher.ts';
import { pause } from '#libs/platform/pause.ts';
import {
  type BatchQueue,
  BatchQueueUnavailable,
  type BatchReceiver,
  type DeadLetter,
  type JobQueueKey,
  type OutgoingBatch,
  type QueueSettings,
  type StoredDeadLetter,
} from '../batch-queue.port.ts';
import { type DeadLetterPage, pageOf } from '../dead-letter-page.ts';
import { parseQueueArn } from '../queue-arn.ts';
import { deadLetterMessage, isThereAlready } from './dead-letter-message.ts';
import { deadLettersOf, deleteDeadLetter } from './dead-letters.ts';
import { MESSAGE_ID_HEADER } from './delivery.ts';
import { JetStreamBatchReceiver } from './jetstream-batch-receiver.ts';
import type { Backlog } from './pull-pace.ts';
import {
  keyOfConsumer,
  keyOfSubject,
  QUEUE_STREAM,
  QUEUE_SUBJECTS,
  queueConsumer,
  queueSubject,
} from './queue-names.ts';
import { declareConsumer, declareStreams } from './queue-streams.ts';
import { queuedIndexes } from './queued-indexes.ts';

/** Long enough for a server to restart, short enough that its memory of message ids is still good. */
const SEND_RETRY_MS_MAX = 20_000;
const SEND_PAUSE_MS = 250;

export interface JetStreamBatchQueueOptions {
  /** How long a batch stays with a worker that neither settles nor renews it. */
  readonly leaseMs: number;
  readonly logger: Logger;
  /** How long `send` and `deadLetter` try again before they give up. */
  readonly sendRetryMs?: number;
}

/**
 * One work-queue stream for all jobs; a job is a subject and a durable pull consumer on it.
 *
 * The consumer is what makes the queue exist: without it nobody receives. `delete` takes it away
 * first and the messages after, so a crash in between, or a sender that was late, leaves messages
 * that nobody is offered; `list` purges them.
 */
export class JetStreamBatchQueue implements BatchQueue {
  private readonly publisher: PipelinedPublisher;
  private readonly receivers = new Set<JetStreamBatchReceiver>();

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly options: JetStreamBatchQueueOptions,
  ) {
    this.publisher = new PipelinedPublisher(connection);
    onReconnect(connection, () => {
      for (const receiver of this.receivers) receiver.resume();
    });
    void connection.closed().then(() => this.end());
  }

  /**
   * Declares the streams. The queue ends with its connection.
   *
   * @throws BatchQueueUnavailable when the server has no JetStream or is not ready
   */
  static async open(
    connection: NatsConnection,
    options: JetStreamBatchQueueOptions,
  ): Promise<JetStreamBatchQueue> {
    const manager = await translated('open', async () => {
      const made = await jetstreamManager(connection);
      await declareStreams(made);
      return made;
    });
    return new JetStreamBatchQueue(connection, manager, options);
  }

  urlOf(key: JobQueueKey): string {
    return `nats://${QUEUE_STREAM}/${queueSubject(key)}`;
  }

  async create(key: JobQueueKey, { deadLetterQueue }: QueueSettings): Promise<void> {
    if (deadLetterQueue !== null) parseQueueArn(deadLetterQueue.arn);
    await translated('create', async () => {
      const { leaseMs } = this.options;
      try {
        await declareConsumer(this.manager, key, leaseMs);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await declareStreams(this.manager); // Somebody deleted the stream under us.
        await declareConsumer(this.manager, key, leaseMs);
      }
    });
  }

  exists(key: JobQueueKey): Promise<boolean> {
    return translated('look for', () => this.isThere(key));
  }

  send(key: JobQueueKey, batches: readonly OutgoingBatch[]): Promise<void> {
    return this.publishStored(batchMessages(key, batches), key);
  }

  sentIndexes(key: JobQueueKey, firstIndex: number): Promise<ReadonlySet<number>> {
    return translated('look at', async () => {
      const indexes = await queuedIndexes(this.manager, queueSubject(key));
      return new Set([...indexes].filter((index) => index >= firstIndex));
    });
  }

  receiver(key: JobQueueKey): Promise<BatchReceiver> {
    const receiver = new JetStreamBatchReceiver(this.connection, {
      key,
      leaseMs: this.options.leaseMs,
      logger: this.options.logger,
      backlog: () => this.backlogOf(key),
      onClose: () => this.receivers.delete(receiver),
    });
    this.receivers.add(receiver);
    return Promise.resolve(receiver);
  }

  /** The name in the ARN is a part of subjects, so no queue has to be there. */
  async checkDeadLetterQueue(arn: string): Promise<void> {
    parseQueueArn(arn);
  }

  async deadLetter(key: JobQueueKey, arn: string, letter: DeadLetter): Promise<void> {
    await this.publishStored([deadLetterMessage(key, parseQueueArn(arn).queueName, letter)], key);
  }

  readDeadLetters(key: JobQueueKey, arn: string, bytesMax: number): Promise<DeadLetterPage> {
    const { queueName } = parseQueueArn(arn);
    return translated('read dead letters of', () =>
      pageOf(deadLettersOf(this.manager, queueName, key.jobId), bytesMax),
    );
  }

  removeDeadLetters(
    _key: JobQueueKey,
    _arn: string,
    letters: readonly StoredDeadLetter[],
  ): Promise<void> {
    return translated('remove dead letters of', async () => {
      for (const letter of letters) await deleteDeadLetter(this.manager, letter);
    });
  }

  delete(key: JobQueueKey): Promise<void> {
    return translated('delete', async () => {
      try {
        await this.manager.consumers.delete(QUEUE_STREAM, queueConsumer(key));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      try {
        await this.manager.streams.purge(QUEUE_STREAM, { filter: queueSubject(key) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }

  list(): Promise<readonly JobQueueKey[]> {
    return translated('list', async () => {
      // Before the consumers: what has messages by now and no consumer later was deleted.
      const filled = await this.filledQueues();
      const keys = new Map<string, JobQueueKey>();
      for await (const { name } of this.manager.consumers.list(QUEUE_STREAM)) {
        const key = keyOfConsumer(name);
        if (key !== null) keys.set(name, key);
      }
      for (const key of filled) if (!keys.has(queueConsumer(key))) await this.sweep(key);
      return [...keys.values()];
    });
  }

  private async filledQueues(): Promise<readonly JobQueueKey[]> {
    const { state } = await this.manager.streams.info(QUEUE_STREAM, {
      subjects_filter: QUEUE_SUBJECTS,
    });
    return Object.keys(state.subjects ?? {})
      .map((subject) => keyOfSubject(subject))
      .filter((key) => key !== null);
  }

  private async sweep(key: JobQueueKey): Promise<void> {
    // A page of the listing misses a consumer when another is deleted meanwhile, so ask for it.
    if (await this.isThere(key)) return;
    const filter = queueSubject(key);
    const { purged } = await this.manager.streams.purge(QUEUE_STREAM, { filter });
    this.options.logger.info({ ...key, batchCount: purged }, 'purged batches of a deleted queue');
  }

  private async isThere(key: JobQueueKey): Promise<boolean> {
    return (await this.backlogOf(key)) !== null;
  }

  private async backlogOf(key: JobQueueKey): Promise<Backlog | null> {
    try {
      const info = await this.manager.consumers.info(QUEUE_STREAM, queueConsumer(key));
      return {
        pendingCount: info.num_pending,
        leasedCount: info.num_ack_pending,
        redeliveredCount: info.num_redelivered,
        waitingCount: info.num_waiting,
      };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  /** The connection was closed: nobody waits any longer for what cannot come. */
  private end(): void {
    for (const receiver of this.receivers) receiver.abandon();
    this.publisher.close();
  }

  /** Publishes until all are stored; the ids make a repeated message one message. */
  private async publishStored(
    messages: Iterable<OutgoingMessage>,
    key: JobQueueKey,
  ): Promise<void> {
    let failures = await this.publishEach(messages);
    const givesUpAt = performance.now() + (this.options.sendRetryMs ?? SEND_RETRY_MS_MAX);
    while (failures.length > 0) {
      const [{ error: cause } = {}] = failures;
      if (performance.now() >= givesUpAt || this.connection.isClosed())
        throw new BatchQueueUnavailable('not every batch was stored', { cause });
      const facts = { ...key, batchCount: failures.length, err: cause };
      this.options.logger.warn(facts, 'sending batches again');
      await pause(SEND_PAUSE_MS);
      failures = await this.publishEach(failures.map(({ message }) => message));
    }
  }

  private async publishEach(
    messages: Iterable<OutgoingMessage>,
  ): Promise<readonly FailedMessage[]> {
    const failures = await this.publisher.publishEach(messages);
    return failures.filter(({ error }) => !isThereAlready(error));
  }
}

/** Made one by one while they are sent: all of them at once would be memory for nothing. */
function* batchMessages(
  key: JobQueueKey,
  batches: readonly OutgoingBatch[],
): Generator<OutgoingMessage> {
  const subject = queueSubject(key);
  for (const { index, payload } of batches) {
    const facts = headers();
    facts.append(MESSAGE_ID_HEADER, batchId(key.jobId, index));
    yield { subject, payload, headers: facts };
  }
}

async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BatchQueueUnavailable(`cannot ${what} the queue`, { cause: error });
  }
}

/** The consumer is not there, or not even its stream. */
const isNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.ConsumerNotFound ||
    error.code === JetStreamApiCodes.StreamNotFound);
