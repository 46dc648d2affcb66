import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type { JobCompleted, JobEvent, JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import type { WorkerEvent } from '#libs/domain/worker/worker.events.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { InMemoryCompute } from '#libs/compute/in-memory/in-memory-compute.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { type EventStore, type Fact, VersionConflict } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { type Clock, systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import type { WebhookSettings } from '../../services/scheduler/send-webhooks/send-webhooks.ts';
import { Leader } from '../../services/scheduler/leader.ts';
import { anApiDeployed } from './api.builders.ts';
import { batchesEnqueued, batchSucceeded } from './batch.builders.ts';
import { A_JOB, aJobSubmitted, enqueuingCompleted } from './job.builders.ts';
import { severable } from './severable.ts';
import { until } from './until.ts';
import { NO_DEAD_LETTERS } from './queue.builders.ts';

const { apiName } = anApiDeployed().data;
const NO_WEBHOOKS: WebhookSettings = {
  secrets: [],
  allowPrivate: false,
  timeoutMs: 1000,
  retry: { firstWaitMs: 10, giveUpAfterMs: 60_000 },
};
const BATCH_COUNT = 3;
/** Short, so that a test that waits for it waits little. */
const GRACE_MS = 100;
/** Often, so that a test notices a lost queue soon. */
const LOOK_MS = 20;

/** What leaders share, and what others do to a job: submit, enqueue, work, stop. */
export class Scheduling {
  readonly lease = new InMemoryLeaderLease();
  readonly blobs = new InMemoryBlobStore();
  readonly documents = new InMemoryDocumentStore();

  constructor(
    readonly store: EventStore = new InMemoryEventStore(),
    readonly queue = new InMemoryBatchQueue({ leaseMs: 60_000 }),
  ) {}

  /** Deploys the API and submits a job of three batches for two workers, timed by the real clock. */
  async submit(changes: Partial<JobSubmitted['data']> = {}): Promise<JobId> {
    await this.decide(anApiDeployed());
    const jobId = changes.jobId ?? A_JOB;
    const itemsKey = itemsKeyOf(jobId);
    const source = { kind: 'item_list', itemsKey, itemCount: 3, batchSizeItems: 1 } as const;
    await this.blobs.put(itemsKey, new TextEncoder().encode('[1,2,3]'));
    await this.decide(aJobSubmitted({ jobId, source, ...changes }));
    return jobId;
  }

  /** What an enqueuer leaves in the log. */
  async enqueue(jobId: JobId): Promise<void> {
    await this.queue.create({ apiName, jobId }, NO_DEAD_LETTERS);
    await this.record(batchesEnqueued({ jobId, batchCount: BATCH_COUNT, itemCount: 3 }));
    const totals = { totalBatchCount: BATCH_COUNT, totalItemCount: 3 };
    await this.decide(enqueuingCompleted({ jobId, ...totals }));
  }

  /** What workers leave in the log when every batch succeeds. */
  async settle(jobId: JobId): Promise<void> {
    for (let index = 0; index < BATCH_COUNT; index++) {
      await this.record(batchSucceeded({ jobId, index }));
    }
  }

  /** Appends a decision, whatever it is and whoever else appends. */
  async decide(event: JobEvent | ApiEvent): Promise<void> {
    for (;;) {
      try {
        return await this.append(event);
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error;
      }
    }
  }

  async record(event: BatchEvent | WorkerEvent): Promise<void> {
    const { jobId } = event.data;
    if (event.type === 'WorkerStateChanged' || event.type === 'WorkerStalled') {
      await this.store.record({ kind: 'worker', apiName, jobId }, [factOf(event)]);
    } else {
      await this.store.record({ kind: 'batch', apiName, jobId }, [factOf(event)]);
    }
  }

  async history(jobId: JobId): Promise<PlatformEvent[]> {
    const events: PlatformEvent[] = [];
    for await (const entry of this.store.history(apiName, jobId)) {
      if (entry.kind === 'event') events.push(entry.logged.event);
    }
    return events;
  }

  /** Every end of the job that the log holds. */
  async ends(jobId: JobId): Promise<JobCompleted['data'][]> {
    const events = await this.history(jobId);
    return events.flatMap((event) => (event.type === 'JobCompleted' ? [event.data] : []));
  }

  async ended(jobId: JobId): Promise<JobCompleted['data']> {
    return until(`the end of job ${jobId}`, async () => (await this.ends(jobId))[0] ?? null);
  }

  /** The queue and the items are deleted. */
  async released(jobId: JobId): Promise<void> {
    await until(`job ${jobId} to be let go of`, async () => {
      const queues = await this.queue.list();
      const isQueued = queues.some((key) => key.jobId === jobId);
      return !isQueued && (await this.blobs.get(itemsKeyOf(jobId))) === null;
    });
  }

  private async append(event: JobEvent | ApiEvent): Promise<void> {
    if (event.type === 'ApiDeployed' || event.type === 'ApiDeleted') {
      const lane = { kind: 'api', apiName } as const;
      const { events, version } = await this.store.read<ApiEvent>(lane);
      const isNews = events.length === 0 || event.type === 'ApiDeleted';
      if (isNews) await this.store.append(lane, factOf(event), version);
      return;
    }
    const lane = { kind: 'job', apiName, jobId: event.data.jobId } as const;
    const { version } = await this.store.read<JobEvent>(lane);
    await this.store.append(lane, factOf(event), version);
  }
}

export interface CandidateOptions {
  /** The lease of others, where this one is to believe that it leads alone. */
  readonly lease?: LeaderLease;
  readonly compute?: InMemoryCompute;
  readonly clock?: Clock;
  readonly queueSweepMs?: number;
  readonly webhooks?: WebhookSettings;
}

/** A scheduler's process with workers of its own. */
export class Candidate {
  readonly compute: InMemoryCompute;
  private readonly stopping = new AbortController();
  private readonly dead = new AbortController();
  private readonly leader: Leader;
  private readonly running: Promise<void>;

  constructor(shared: Scheduling, options: CandidateOptions = {}) {
    this.compute = options.compute ?? new InMemoryCompute({ workersMax: 10 });
    const dead = this.dead.signal;
    this.leader = new Leader({
      store: severable(shared.store, dead),
      queue: severable(shared.queue, dead),
      blobs: severable(shared.blobs, dead),
      documents: severable(shared.documents, dead),
      lease: options.lease ?? shared.lease,
      compute: severable(this.compute, dead),
      clock: options.clock ?? systemClock,
      logger: silentLogger,
      graceMs: GRACE_MS,
      queueLookMs: LOOK_MS,
      ...(options.queueSweepMs !== undefined && { queueSweepMs: options.queueSweepMs }),
      webhooks: options.webhooks ?? NO_WEBHOOKS,
    });
    this.running = this.leader.run(this.stopping.signal);
  }

  get isLeading(): boolean {
    return this.leader.isLeading;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (!this.dead.signal.aborted) await this.running;
  }

  /** Dies without a word: what it was about to do does not happen, its lease runs out. */
  kill(): void {
    this.dead.abort();
    this.stopping.abort();
  }
}

const itemsKeyOf = (jobId: JobId): string => `items/${jobId}`;

const factOf = <E extends PlatformEvent>(event: E): Fact<E> => ({
  id: eventId(event),
  at: systemClock().toISOString(),
  event,
});
