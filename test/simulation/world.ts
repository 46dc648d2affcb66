import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { BatchQueue } from '#libs/batch-queue/batch-queue.port.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { DocumentStore } from '#libs/projection/document-store/document-store.port.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import type { Draw } from './kernel/draw.ts';
import type { SimProcess } from './kernel/sim-process.ts';
import type { VirtualTime } from './kernel/virtual-time.ts';
import type { Scenario } from './scenario.ts';
import { LeaseBucket } from './wire/wired-leader-lease.ts';
import { type QueueObserver, WiredBatchQueue } from './wire/wired-batch-queue.ts';
import { WiredBlobStore } from './wire/wired-blob-store.ts';
import { WiredDocumentStore } from './wire/wired-document-store.ts';
import { type StoreObserver, WiredEventStore } from './wire/wired-event-store.ts';
import { Wire } from './wire/wire.ts';

/** What the use cases of a process are given. */
export interface Ports {
  readonly store: EventStore;
  readonly queue: BatchQueue;
  readonly blobs: BlobStore;
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What all processes of a simulation share. */
export class World {
  readonly store = new InMemoryEventStore();
  readonly queue: InMemoryBatchQueue;
  readonly blobs = new InMemoryBlobStore();
  readonly documents = new InMemoryDocumentStore();
  readonly bucket: LeaseBucket;
  readonly wire: Wire;

  constructor(
    readonly time: VirtualTime,
    readonly draw: Draw,
    readonly scenario: Scenario,
  ) {
    const { leaseMs, leaderTtlMs } = scenario;
    this.queue = new InMemoryBatchQueue({ leaseMs, clock: time.world.clock });
    this.bucket = new LeaseBucket(time, leaderTtlMs);
    this.wire = new Wire(time, draw, scenario);
  }

  portsOf(process: SimProcess, observer: QueueObserver & StoreObserver): Ports {
    const { wire, draw, time } = this;
    return {
      store: new WiredEventStore(this.store, process, { wire, draw, observer }),
      queue: new WiredBatchQueue(this.queue, process, { wire, draw, time, observer }),
      blobs: new WiredBlobStore(this.blobs, process, wire),
      documents: new WiredDocumentStore(this.documents, process, wire),
      clock: process.clock,
      logger: this.loggerOf(process),
    };
  }

  /** Messages stand in the trace. */
  private loggerOf(process: SimProcess): Logger {
    const log = (...[facts, message]: [unknown, unknown?]): void =>
      this.time.trace.add(this.time.nowMs, process.name, `"${String(message ?? facts)}"`);
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    return logger as Logger;
  }
}
