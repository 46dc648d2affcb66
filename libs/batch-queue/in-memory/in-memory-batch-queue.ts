import { type BatchId, batchId } from '#libs/domain/kernel/ids.ts';
import { type Clock, systemClock } from '#libs/platform/clock.ts';
import type {
  BatchQueue,
  BatchReceiver,
  DeadLetter,
  JobQueueKey,
  OutgoingBatch,
} from '../batch-queue.port.ts';
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
  private readonly letters = new Map<string, Map<BatchId, DeadLetter>>();
  private readonly leaseMs: number;
  private readonly clock: Clock;

  constructor({ leaseMs, clock = systemClock }: InMemoryBatchQueueOptions) {
    this.leaseMs = leaseMs;
    this.clock = clock;
  }

  urlOf({ apiName, jobId }: JobQueueKey): string {
    return `memory://${apiName}/${jobId}`;
  }

  async create(key: JobQueueKey): Promise<void> {
    this.queueOf(key).create();
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

  async deadLetter(key: JobQueueKey, queueName: string, letter: DeadLetter): Promise<void> {
    const letters = this.letters.get(queueName) ?? new Map<BatchId, DeadLetter>();
    this.letters.set(queueName, letters);
    const id = batchId(key.jobId, letter.index);
    if (!letters.has(id)) letters.set(id, letter);
  }

  async delete(key: JobQueueKey): Promise<void> {
    this.queueOf(key).delete();
  }

  async list(): Promise<readonly JobQueueKey[]> {
    const queues = [...this.queues.values()];
    for (const queue of queues) if (!queue.exists) queue.delete(); // Late sends are swept.
    return queues.filter(({ exists }) => exists).map(({ key }) => key);
  }

  /** What was put into a dead-letter queue, oldest first. */
  deadLettersIn(queueName: string): readonly DeadLetter[] {
    return [...(this.letters.get(queueName)?.values() ?? [])];
  }

  private queueOf(key: JobQueueKey): InMemoryJobQueue {
    const url = this.urlOf(key);
    const queue = this.queues.get(url) ?? new InMemoryJobQueue(key);
    this.queues.set(url, queue);
    return queue;
  }
}
