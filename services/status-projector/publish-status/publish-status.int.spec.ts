import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { JetStreamLeaderLease } from '#libs/leader-lease/jetstream/jetstream-leader-lease.ts';
import { NatsStatusFeed } from '#libs/messaging/status-feed.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { batchesEnqueued, batchSucceeded } from '#test/support/batch.builders.ts';
import {
  A_JOB,
  aJobSubmitted,
  enqueuingCompleted,
  jobCompleted,
} from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { until } from '#test/support/until.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { PublishStatus } from './publish-status.ts';

const sum = apiName('sum');
const jobLane = { kind: 'job', apiName: sum, jobId: A_JOB } as const;
const factOf = <E extends Parameters<typeof eventId>[0]>(event: E) => ({
  id: eventId(event),
  at: systemClock().toISOString(),
  event,
});

interface Heard {
  readonly atMs: number;
  readonly position: number;
  readonly subject: string;
  readonly document: { readonly status: string; readonly batch_counts: { succeeded: number } };
}

const heardOf = (message: Msg): Heard => ({
  atMs: performance.now(),
  position: Number(message.headers?.get('ce-position')),
  subject: message.subject,
  document: message.json(),
});

/** What one projector's process has of it. */
class Projector {
  private readonly stopping = new AbortController();
  private ending: Promise<unknown> = Promise.resolve();

  static async start(url: string): Promise<Projector> {
    const projector = new Projector(await connect({ servers: url }));
    await projector.run();
    return projector;
  }

  private constructor(private readonly nats: NatsConnection) {}

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ending;
    await this.nats.close();
  }

  private async run(): Promise<void> {
    const logger = silentLogger;
    const store = await JetStreamEventStore.open(this.nats, { logger });
    const snapshots = new ViewSnapshots(new InMemoryBlobStore(), logger);
    const follower = await ViewFollower.open({
      store,
      snapshots,
      documents: new InMemoryDocumentStore(),
      logger,
    });
    const lease = await JetStreamLeaderLease.open(this.nats, {
      name: 'status-feed',
      ttlMs: 1000,
      logger,
    });
    const feed = new NatsStatusFeed(this.nats);
    const publisher = new PublishStatus({
      store,
      followed: follower,
      feed,
      lease,
      clock: systemClock,
      stalledRule: () => ({ nowMs: Date.now(), stalledAfterMs: 600_000 }),
      logger,
    });
    follower.onJobsChanged((jobs) => publisher.changed(jobs));
    const { signal } = this.stopping;
    this.ending = Promise.all([follower.run(signal), publisher.run(signal)]);
  }
}

describe('live status documents', () => {
  let server: TestNatsServer;
  let nats: NatsConnection;
  let store: JetStreamEventStore;
  let heard: Heard[];
  const projectors: Projector[] = [];

  beforeAll(async () => {
    server = await TestNatsServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    nats = await connect({ servers: server.url });
    store = await JetStreamEventStore.open(nats, { logger: silentLogger });
    heard = [];
    nats.subscribe('cortex.status.sum.*', {
      callback: (error, message) => {
        if (error === null) heard.push(heardOf(message));
      },
    });
  });
  afterEach(async () => {
    await Promise.all(projectors.splice(0).map((projector) => projector.stop()));
    await nats.close();
  });

  const startProjector = async (): Promise<void> =>
    void projectors.push(await Projector.start(server.url));
  const append = async (event: JobEvent): Promise<void> => {
    const { version } = await store.read<JobEvent>(jobLane);
    await store.append(jobLane, factOf(event), version);
  };
  const succeed = (index: number): Promise<void> =>
    store.record({ ...jobLane, kind: 'batch' }, [factOf(batchSucceeded({ index }))]);
  const untilHeard = (what: string, isIt: (last: Heard) => boolean): Promise<Heard> =>
    until(what, () => {
      const last = heard.at(-1);
      return last !== undefined && isIt(last) && last;
    });

  it('come from one of two projectors, at most five a second, with the last one always', async () => {
    await startProjector();
    await append(aJobSubmitted());
    await untilHeard('the submission', ({ document }) => document.status === 'pending');
    await startProjector();

    await store.record({ ...jobLane, kind: 'batch' }, [
      factOf(batchesEnqueued({ batchCount: 500 })),
    ]);
    await append(enqueuingCompleted({ totalBatchCount: 500 }));
    for (let index = 0; index < 500; index++) await succeed(index);
    await append(jobCompleted());
    await untilHeard('the end', ({ document }) => document.status === 'succeeded');
    await store.record({ ...jobLane, kind: 'worker' }, [
      factOf(workerStateChanged({ state: 'succeeded' })),
    ]);

    const positions = heard.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    expect(heard.at(-1)?.document).toMatchObject({ batch_counts: { succeeded: 500 } });
    expect(new Set(heard.map(({ subject }) => subject))).toEqual(
      new Set([`cortex.status.sum.${A_JOB}`]),
    );
    const first = heard[0]?.atMs ?? 0;
    const last = heard.at(-1)?.atMs ?? 0;
    // One more than the intervals that fit, and one for what the network shifts.
    expect(heard.length).toBeLessThanOrEqual((last - first) / 200 + 2);
  });

  it('are told again by the projector that takes over', async () => {
    await startProjector();
    await untilHeard('what the log holds', ({ document }) => document.status === 'succeeded');
    await startProjector();
    const before = heard.length;
    await projectors.shift()?.stop();
    await until('the successor', () => heard.length > before);
    expect(heard.at(-1)?.document.status).toBe('succeeded');
  });

  it('are told again when the connection was lost', async () => {
    await startProjector();
    await until('what the log holds', () => heard.length > 0);
    const before = heard.length;
    await server.restart();
    await until('the documents', () => heard.length > before);
    expect(heard.at(-1)?.document.status).toBe('succeeded');
  });
});
