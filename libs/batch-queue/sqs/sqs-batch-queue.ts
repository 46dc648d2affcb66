import {
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  paginateListQueues,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetterQueue } from '#libs/domain/job/job.events.ts';
import type { Logger } from '#libs/platform/logger.ts';
import {
  type BatchQueue,
  type BatchReceiver,
  type DeadLetter,
  DeadLetterQueueUnusable,
  type JobQueueKey,
  type OutgoingBatch,
  type QueueSettings,
  type StoredDeadLetter,
} from '../batch-queue.port.ts';
import type { DeadLetterPage } from '../dead-letter-page.ts';
import { Backoff } from './backoff.ts';
import { createQueue } from './create-queue.ts';
import { QueueUrls } from './queue-urls.ts';
import { sendRequests } from './send-requests.ts';
import { SqsBatchReceiver } from './sqs-batch-receiver.ts';
import { SqsDeadLetters } from './sqs-dead-letters.ts';
import { isQueueMissing, isRefusal, translated } from './sqs-errors.ts';
import { jobQueueName, jobQueuePrefix, keyOfQueueName, queueNameOfUrl } from './sqs-names.ts';
import { SqsSender } from './sqs-sender.ts';

/** SQS asks for at least one second between making a queue and using it. */
const APPEARS_MS_MAX = 10_000;
const APPEARS_PAUSE_MS_MAX = 500;
/** The most SQS allows. By default it forgets batches after four days. */
const RETENTION_S = 1_209_600;
/** What SQS allows in a redrive policy. */
const RECEIVE_COUNT_MAX = 1000;
/** Workers that may die over a batch while they dead-letter it, before SQS does so without a word. */
const RECEIVE_COUNT_MARGIN = 10;
const LIST_PAGE_SIZE = 1000;

export interface SqsBatchQueueOptions {
  readonly client: SQSClient;
  /** 8 hex digits: whose queues these are in an account that several installations share. */
  readonly installation: string;
  /** How long a batch stays with a worker that neither settles nor renews it; SQS counts whole seconds. */
  readonly leaseMs: number;
  readonly logger: Logger;
  /** How long `send` tries again before it gives up. */
  readonly sendRetryMs?: number;
}

/** One FIFO queue for each job. */
export class SqsBatchQueue implements BatchQueue {
  private readonly client: SQSClient;
  private readonly leaseSeconds: number;
  private readonly deadLetters: SqsDeadLetters;
  /** Queues that were made here a moment ago, and until when they may not be there yet. */
  private readonly appearing = new Map<string, number>();

  private constructor(
    private readonly urls: QueueUrls,
    private readonly options: SqsBatchQueueOptions,
  ) {
    this.client = options.client;
    this.leaseSeconds = Math.max(1, Math.ceil(options.leaseMs / 1000));
    this.deadLetters = new SqsDeadLetters(options.client, urls);
  }

  /**
   * Learns what the URLs of this installation's queues look like.
   *
   * @throws BatchQueueUnavailable when SQS cannot be reached or the credentials do not suffice
   */
  static async open(options: SqsBatchQueueOptions): Promise<SqsBatchQueue> {
    const urls = await translated('open SQS', () => QueueUrls.learn(options.client, options));
    return new SqsBatchQueue(urls, options);
  }

  urlOf(key: JobQueueKey): string {
    return this.urls.of(key);
  }

  create(key: JobQueueKey, { deadLetterQueue }: QueueSettings): Promise<void> {
    return translated('create the queue', async () => {
      if (deadLetterQueue !== null) await this.deadLetters.check(deadLetterQueue.arn);
      const { installation } = this.urls;
      try {
        await createQueue(this.client, {
          name: jobQueueName(installation, key),
          attributes: this.attributesOf(deadLetterQueue),
          tags: { apiName: key.apiName, jobId: key.jobId, installation },
          logger: this.options.logger,
        });
      } catch (error) {
        throw unusableOr(error, deadLetterQueue);
      }
      this.noteCreated(key);
    });
  }

  exists(key: JobQueueKey): Promise<boolean> {
    return translated('look for the queue', async () => {
      const command = new GetQueueAttributesCommand({
        QueueUrl: this.urlOf(key),
        AttributeNames: ['QueueArn'],
      });
      const backoff = new Backoff({ maxMs: APPEARS_PAUSE_MS_MAX });
      for (;;) {
        try {
          await this.client.send(command);
          this.appearing.delete(this.urlOf(key)); // If it is missing later, it was deleted.
          return true;
        } catch (error) {
          if (!isQueueMissing(error)) throw error;
        }
        if (!this.mayAppear(key)) return false;
        await backoff.wait();
      }
    });
  }

  send(key: JobQueueKey, batches: readonly OutgoingBatch[]): Promise<void> {
    const sender = new SqsSender(this.client, this.urlOf(key), {
      logger: this.options.logger,
      retryMs: this.options.sendRetryMs,
      mayAppear: () => this.mayAppear(key),
    });
    return translated('send batches', () => sender.send(sendRequests(key, batches)));
  }

  /** SQS cannot tell; for five minutes it recognises what is sent again. */
  sentIndexes(): Promise<ReadonlySet<number>> {
    return Promise.resolve(new Set());
  }

  receiver(key: JobQueueKey): Promise<BatchReceiver> {
    const { leaseSeconds } = this;
    const { logger } = this.options;
    return Promise.resolve(
      new SqsBatchReceiver(this.client, { key, queueUrl: this.urlOf(key), leaseSeconds, logger }),
    );
  }

  checkDeadLetterQueue(arn: string): Promise<void> {
    return translated('look for the dead-letter queue', () => this.deadLetters.check(arn));
  }

  deadLetter(key: JobQueueKey, arn: string, letter: DeadLetter): Promise<void> {
    return this.deadLetters.put(key, arn, letter);
  }

  readDeadLetters(key: JobQueueKey, arn: string, bytesMax: number): Promise<DeadLetterPage> {
    return this.deadLetters.read(key, arn, bytesMax);
  }

  removeDeadLetters(
    key: JobQueueKey,
    arn: string,
    letters: readonly StoredDeadLetter[],
  ): Promise<void> {
    return this.deadLetters.remove(key, arn, letters);
  }

  delete(key: JobQueueKey): Promise<void> {
    return translated('delete the queue', async () => {
      this.appearing.delete(this.urlOf(key));
      try {
        await this.client.send(new DeleteQueueCommand({ QueueUrl: this.urlOf(key) }));
      } catch (error) {
        if (!isQueueMissing(error)) throw error;
      }
    });
  }

  list(): Promise<readonly JobQueueKey[]> {
    return translated('list the queues', async () => {
      const QueueNamePrefix = jobQueuePrefix(this.urls.installation);
      const paging = { client: this.client, pageSize: LIST_PAGE_SIZE };
      const keys: JobQueueKey[] = [];
      for await (const { QueueUrls: urls = [] } of paginateListQueues(paging, {
        QueueNamePrefix,
      })) {
        const found = urls.map((url) => keyOfQueueName(queueNameOfUrl(url)));
        keys.push(...found.filter((key) => key !== null));
      }
      return keys;
    });
  }

  private attributesOf(deadLetterQueue: DeadLetterQueue | null): Record<string, string> {
    const attributes = {
      FifoQueue: 'true',
      FifoThroughputLimit: 'perMessageGroupId',
      DeduplicationScope: 'messageGroup',
      VisibilityTimeout: String(this.leaseSeconds),
      MessageRetentionPeriod: String(RETENTION_S),
    };
    if (deadLetterQueue === null) return attributes;
    const { arn, receiveCountMax } = deadLetterQueue;
    const maxReceiveCount = Math.min(receiveCountMax + RECEIVE_COUNT_MARGIN, RECEIVE_COUNT_MAX);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount });
    return { ...attributes, RedrivePolicy };
  }

  private noteCreated(key: JobQueueKey): void {
    const now = performance.now();
    for (const [url, until] of this.appearing) if (until <= now) this.appearing.delete(url);
    this.appearing.set(this.urlOf(key), now + APPEARS_MS_MAX);
  }

  private mayAppear(key: JobQueueKey): boolean {
    return performance.now() < (this.appearing.get(this.urlOf(key)) ?? 0);
  }
}

/** SQS looks at a dead-letter queue when a queue is made for it, and names the parameter. */
function unusableOr(error: unknown, deadLetterQueue: DeadLetterQueue | null): unknown {
  if (deadLetterQueue === null || !isRefusal(error) || !(error instanceof Error)) return error;
  if (!/redrive|dead.?letter/i.test(error.message)) return error;
  const problem = `${deadLetterQueue.arn} cannot be the dead-letter queue of a job: ${error.message}`;
  return new DeadLetterQueueUnusable(problem, { cause: error });
}
