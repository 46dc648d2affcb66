import type {
  JobQueueKey,
  OutgoingBatch,
  QueueSettings,
} from '#libs/batch-queue/batch-queue.port.ts';
import { BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import {
  type DecisionLane,
  EventStoreUnavailable,
  type Fact,
  type FactLane,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';

/** Where a write is cut off: nothing of it was done, all of it, or (of a send) the first half. */
export type CutOff = 'before' | 'after' | 'halfway';

/** Counts writes and cuts off those that a test picks, once each. */
export class FaultPoints {
  private writeCount = 0;
  private readonly cuts = new Map<number, CutOff>();
  /** Called with the number of every write, from 1, before it is done. */
  onWrite: (write: number) => Promise<void> = () => Promise.resolve();

  /** Cuts off the write that comes after `skipCount` others. */
  cutOffAfter(skipCount: number, cutOff: CutOff): void {
    this.cuts.set(this.writeCount + skipCount + 1, cutOff);
  }

  /** Cuts nothing off that was not cut off yet. */
  clear(): void {
    this.cuts.clear();
  }

  async next(): Promise<CutOff | null> {
    this.writeCount += 1;
    const cut = this.cuts.get(this.writeCount) ?? null;
    await this.onWrite(this.writeCount);
    return cut;
  }
}

/** An event store whose writes can be cut off. */
export class FaultyEventStore extends InMemoryEventStore {
  constructor(private readonly faults: FaultPoints) {
    super();
  }

  override async append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position> {
    const cut = await this.faults.next();
    if (cut === 'before') throw new EventStoreUnavailable('cut off before append');
    const position = await super.append(lane, fact, expectedVersion);
    if (cut !== null) throw new EventStoreUnavailable('cut off after append');
    return position;
  }

  override async record<E extends PlatformEvent>(
    lane: FactLane<E>,
    facts: readonly Fact<E>[],
  ): Promise<void> {
    const cut = await this.faults.next();
    if (cut === 'before') throw new EventStoreUnavailable('cut off before record');
    await super.record(lane, facts);
    if (cut !== null) throw new EventStoreUnavailable('cut off after record');
  }
}

/** A batch queue whose writes can be cut off, and which counts how often each batch was sent. */
export class FaultyBatchQueue extends InMemoryBatchQueue {
  /** How often a batch reached the queue, by index, also where the queue knew it already. */
  readonly sendCounts = new Map<number, number>();

  constructor(private readonly faults: FaultPoints) {
    super({ leaseMs: 60_000 });
  }

  override async create(key: JobQueueKey, settings: QueueSettings): Promise<void> {
    const cut = await this.faults.next();
    if (cut === 'before') throw new BatchQueueUnavailable('cut off before create');
    await super.create(key, settings);
    if (cut !== null) throw new BatchQueueUnavailable('cut off after create');
  }

  override async send(key: JobQueueKey, batches: readonly OutgoingBatch[]): Promise<void> {
    const cut = await this.faults.next();
    if (cut === 'before') throw new BatchQueueUnavailable('cut off before send');
    const sent = cut === 'halfway' ? batches.slice(0, Math.ceil(batches.length / 2)) : batches;
    for (const { index } of sent) {
      this.sendCounts.set(index, (this.sendCounts.get(index) ?? 0) + 1);
    }
    await super.send(key, sent);
    if (cut !== null) throw new BatchQueueUnavailable('cut off after send');
  }
}
