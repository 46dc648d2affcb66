import {
  type BatchQueue,
  BatchQueueUnavailable,
  type BatchReceiver,
  type DeadLetter,
  type JobQueueKey,
  type LeasedBatch,
  type OutgoingBatch,
  type QueueSettings,
  type StoredDeadLetter,
} from '#libs/batch-queue/batch-queue.port.ts';
import type { DeadLetterPage } from '#libs/batch-queue/dead-letter-page.ts';
import type { Draw } from '../kernel/draw.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { VirtualTime } from '../kernel/virtual-time.ts';
import type { Wire } from './wire.ts';

const unavailable = (message: string): Error => new BatchQueueUnavailable(message);
/** How long a server takes, at most, to notice that a client is no longer there. */
const GONE_MS_MAX = 2_000;

/** Looks at what arrives at the queue. */
export interface QueueObserver {
  sent(key: JobQueueKey, batches: readonly OutgoingBatch[]): void;
  removed(key: JobQueueKey, batches: readonly LeasedBatch[]): void;
}

export interface QueueWiring {
  readonly wire: Wire;
  readonly draw: Draw;
  readonly time: VirtualTime;
  readonly observer: QueueObserver;
}

/** The batch queue as one process sees it. */
export class WiredBatchQueue implements BatchQueue {
  constructor(
    private readonly queue: BatchQueue,
    private readonly caller: SimProcess,
    private readonly wiring: QueueWiring,
  ) {}

  urlOf(key: JobQueueKey): string {
    return this.queue.urlOf(key);
  }

  create(key: JobQueueKey, settings: QueueSettings): Promise<void> {
    return this.call('create queue', () => this.queue.create(key, settings));
  }

  exists(key: JobQueueKey): Promise<boolean> {
    return this.call('queue exists', () => this.queue.exists(key));
  }

  send(key: JobQueueKey, batches: readonly OutgoingBatch[]): Promise<void> {
    const { wire, draw, observer } = this.wiring;
    const send = (sent: readonly OutgoingBatch[]): Promise<void> => {
      observer.sent(key, sent);
      return this.queue.send(key, sent);
    };
    return wire.call(this.caller, {
      what: `send ${batches.map(({ index }) => index).join()}`,
      run: () => send(batches),
      runPartly: () => send(batches.filter(() => draw.chance(0.5))),
      unavailable,
    });
  }

  sentIndexes(key: JobQueueKey, firstIndex: number): Promise<ReadonlySet<number>> {
    return this.call('sent indexes', () => this.queue.sentIndexes(key, firstIndex));
  }

  async receiver(key: JobQueueKey): Promise<BatchReceiver> {
    const receiver = await this.call('open receiver', () => this.queue.receiver(key));
    return new WiredBatchReceiver(receiver, key, this.caller, this.wiring);
  }

  checkDeadLetterQueue(arn: string): Promise<void> {
    return this.call('check dead letters', () => this.queue.checkDeadLetterQueue(arn));
  }

  readDeadLetters(key: JobQueueKey, arn: string, bytesMax: number): Promise<DeadLetterPage> {
    return this.call('read letters', () => this.queue.readDeadLetters(key, arn, bytesMax));
  }

  removeDeadLetters(
    key: JobQueueKey,
    arn: string,
    letters: readonly StoredDeadLetter[],
  ): Promise<void> {
    return this.call('remove letters', () => this.queue.removeDeadLetters(key, arn, letters));
  }

  deadLetter(key: JobQueueKey, arn: string, letter: DeadLetter): Promise<void> {
    return this.call(`dead letter ${letter.index}`, () => this.queue.deadLetter(key, arn, letter));
  }

  delete(key: JobQueueKey): Promise<void> {
    return this.call('delete queue', () => this.queue.delete(key));
  }

  list(): Promise<readonly JobQueueKey[]> {
    return this.call('list queues', () => this.queue.list());
  }

  private call<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.wiring.wire.call(this.caller, { what, run, unavailable });
  }
}

/** What it tells the queue of may get lost; so may batches on their way to it. */
class WiredBatchReceiver implements BatchReceiver {
  constructor(
    private readonly receiver: BatchReceiver,
    private readonly key: JobQueueKey,
    private readonly caller: SimProcess,
    private readonly wiring: QueueWiring,
  ) {
    const { time, draw } = wiring;
    caller.onDeath(() => {
      const delayMs = draw.between(0, GONE_MS_MAX);
      time.schedule(time.world, delayMs, '', () => void receiver.close());
    });
  }

  async receive(countMax: number, waitMs: number): Promise<readonly LeasedBatch[]> {
    try {
      return await this.wiring.wire.call(this.caller, {
        what: `receive ${countMax}`,
        run: () => this.receiver.receive(countMax, waitMs),
        unavailable,
      });
    } catch (error) {
      if (error instanceof BatchQueueUnavailable) return []; // Leased, and nobody knows.
      throw error;
    }
  }

  renew(batches: readonly LeasedBatch[]): void {
    this.tell('renew', batches, () => this.receiver.renew(batches));
  }

  remove(batches: readonly LeasedBatch[]): void {
    this.tell('remove', batches, () => {
      this.wiring.observer.removed(this.key, batches);
      this.receiver.remove(batches);
    });
  }

  release(batch: LeasedBatch, delayMs: number): void {
    this.tell('release', [batch], () => this.receiver.release(batch, delayMs));
  }

  /** Breaking off cannot fail. */
  close(): Promise<void> {
    const run = () => this.receiver.close();
    return this.wiring.wire.call(this.caller, { what: 'close receiver', run, unavailable: null });
  }

  private tell(word: string, batches: readonly LeasedBatch[], run: () => void): void {
    const names = batches.map(({ index, attempt }) => `${index}.${attempt}`).join();
    this.wiring.wire.tell(this.caller, `${word} ${names}`, run);
  }
}
