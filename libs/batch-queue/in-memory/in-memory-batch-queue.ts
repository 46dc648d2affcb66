import { type Clock, systemClock } from '#libs/platform/clock.ts';
import type {
  BatchQueue,
  BatchReceiver,
  DeadLetter,
  JobQueueKey,
  OutgoingBatch,
  QueueSettings,
  StoredDeadLetter,
} from '../batch-queue.port.ts';
import { type DeadLetterPage, pageOf } from '../dead-letter-page.ts';
import { parseQueueArn } from '../queue-arn.ts';
import { InMemoryBatchReceiver } from './in-memory-batch-receiver.ts';
import { InMemoryJobQueue } from './in-memory-job-queue.ts';

export interface InMemoryBatchQueueOptions {
  readonly leaseMs: number;
  /** Says when leases have run out. A `receive` that waits looks at it by a real timer. */
  readonly clock?: Clock;
}

/** The queue for tests of its users. It forgets everything with its process. */
export class InMemoryBatchQueue implements BatchQueue {
  private readonly queues = new Map<string, InMemoryJobQueue>();
  /** By dead-letter queue and job, then by index. */
  private readonly letters = new Map<string, Map<number, StoredDeadLetter>>();
  private readonly leaseMs: number;
  private readonly clock: Clock;

  constructor({ leaseMs, clock = systemClock }: InMemoryBatchQueueOptions) {
    this.leaseMs = leaseMs;
    this.clock = clock;
  }

  urlOf({ apiName, jobId }: JobQueueKey): string {
    return `memory://${apiName}/${jobId}`;
  }

  async create(key: JobQueueKey, { deadLetterQueue }: QueueSettings): Promise<void> {
    if (deadLetterQueue !== null) await this.checkDeadLetterQueue(deadLetterQueue.arn);
    this.queueOf(key).create();
  }

  async exists(key: JobQueueKey): Promise<boolean> {
    return this.queueOf(key).exists;
  }

  async send(key: JobQueueKey, batches: readonly OutgoingBatch[]): Promise<void> {
    const queue = this.queueOf(key);
    for (const batch of batches) queue.add(batch);
    queue.wakeAll();
  }

  async sentIndexes(key: JobQueueKey, firstIndex: number): Promise<ReadonlySet<number>> {
    return new Set(
      this.queueOf(key)
        .indexes()
        .filter((index) => index >= firstIndex),
    );
  }

  async receiver(key: JobQueueKey): Promise<BatchReceiver> {
    const { leaseMs, clock } = this;
    return new InMemoryBatchReceiver(this.queueOf(key), { leaseMs, clock });
  }

  async checkDeadLetterQueue(arn: string): Promise<void> {
    parseQueueArn(arn);
  }

  async deadLetter(key: JobQueueKey, arn: string, letter: DeadLetter): Promise<void> {
    const letters = this.lettersOf(key, arn);
    const { index } = letter;
    if (!letters.has(index)) letters.set(index, { ...letter, handle: String(index) });
  }

  async readDeadLetters(key: JobQueueKey, arn: string, bytesMax: number): Promise<DeadLetterPage> {
    const letters = [...this.lettersOf(key, arn).values()].toSorted((a, b) => a.index - b.index);
    return pageOf(ReadableStream.from(letters), bytesMax);
  }

  async removeDeadLetters(
    key: JobQueueKey,
    arn: string,
    letters: readonly StoredDeadLetter[],
  ): Promise<void> {
    for (const { index } of letters) this.lettersOf(key, arn).delete(index);
  }

  async delete(key: JobQueueKey): Promise<void> {
    this.queueOf(key).delete();
  }

  async list(): Promise<readonly JobQueueKey[]> {
    const queues = [...this.queues.values()];
    for (const queue of queues) if (!queue.exists) queue.delete(); // Late sends are swept.
    return queues.filter(({ exists }) => exists).map(({ key }) => key);
  }

  private lettersOf(key: JobQueueKey, arn: string): Map<number, StoredDeadLetter> {
    const place = `${parseQueueArn(arn).queueName} ${this.urlOf(key)}`;
    const letters = this.letters.get(place) ?? new Map<number, StoredDeadLetter>();
    this.letters.set(place, letters);
    return letters;
  }

  private queueOf(key: JobQueueKey): InMemoryJobQueue {
    const url = this.urlOf(key);
    const queue = this.queues.get(url) ?? new InMemoryJobQueue(key);
    this.queues.set(url, queue);
    return queue;
  }
}
