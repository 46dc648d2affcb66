import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName, workerId } from '#libs/domain/kernel/ids.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import type { WorkerEvent, WorkerStalled } from '#libs/domain/worker/worker.events.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import {
  EventStoreUnavailable,
  type Fact,
  type FactLane,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { A_JOB, aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { until } from '#test/support/until.ts';
import { workerStalled, workerStateChanged } from '#test/support/worker.builders.ts';
import { announceStalled } from './announce-stalled.ts';

const api = apiName('sum');
const SUBMITTED_MS = Date.parse('2026-11-23T10:00:00.000Z');
/** As a projector's limit it also is how often it looks, so tests need not wait for long. */
const LIMIT_MS = 20;

/** Can be taken away, and counts how often somebody records. */
class CountingEventStore extends InMemoryEventStore {
  isAway = false;
  triedCount = 0;

  override async record<E extends PlatformEvent>(
    lane: FactLane<E>,
    facts: readonly Fact<E>[],
  ): Promise<void> {
    this.triedCount += 1;
    if (this.isAway) throw new EventStoreUnavailable('away');
    await super.record(lane, facts);
  }
}

describe('announceStalled', () => {
  let store: CountingEventStore;
  let nowMs: number;
  let projectors: (() => Promise<void>)[];

  beforeEach(async () => {
    store = new CountingEventStore();
    nowMs = SUBMITTED_MS;
    projectors = [];
    await decided(aJobSubmitted({ workers: 2 }));
  });
  afterEach(() => stopAll());

  const factOf = <E extends PlatformEvent>(event: E): Fact<E> => ({
    id: eventId(event),
    at: new Date(nowMs).toISOString(),
    event,
  });
  const reported = (event: WorkerEvent): Promise<void> =>
    store.record({ kind: 'worker', apiName: api, jobId: A_JOB }, [factOf(event)]);
  const decided = async (event: JobEvent): Promise<void> => {
    const lane = { kind: 'job', apiName: api, jobId: A_JOB } as const;
    const { version } = await store.read(lane);
    await store.append(lane, factOf(event), version);
  };

  async function startProjector(stalledAfterMs = LIMIT_MS): Promise<ViewFollower> {
    const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
    const follower = await ViewFollower.open({
      store,
      snapshots,
      documents: new InMemoryDocumentStore(),
      logger: silentLogger,
    });
    const stopping = new AbortController();
    const running = [
      follower.run(stopping.signal),
      announceStalled(
        follower,
        { store, clock: () => new Date(nowMs), logger: silentLogger, stalledAfterMs },
        stopping.signal,
      ),
    ];
    projectors.push(async () => {
      stopping.abort();
      await Promise.all(running);
    });
    return follower;
  }

  const stopAll = async (): Promise<void> => {
    await Promise.all(projectors.splice(0).map((stop) => stop()));
  };

  async function announced(): Promise<readonly WorkerStalled[]> {
    const events: WorkerStalled[] = [];
    for await (const entry of store.history(api, A_JOB)) {
      if (entry.kind === 'event' && entry.logged.event.type === 'WorkerStalled') {
        events.push(entry.logged.event);
      }
    }
    return events;
  }
  const announcedOf = (count: number): Promise<readonly WorkerStalled[]> =>
    until(`${count} announcements`, async () => {
      const events = await announced();
      return events.length >= count && events;
    });
  const both = [workerStalled(), workerStalled({ workerId: workerId(1) })];

  it('records each worker that has waited for too long, once', async () => {
    await startProjector();
    nowMs += LIMIT_MS + 1;
    expect(await announcedOf(2)).toEqual(both);
    const { triedCount } = store;
    nowMs += 10 * LIMIT_MS;
    await reported(workerStateChanged({ restart: 1, state: 'pending' }));
    nowMs += LIMIT_MS + 1;
    expect(await announcedOf(3)).toEqual([...both, workerStalled({ restart: 1 })]);
    expect(store.triedCount).toBe(triedCount + 2); // The test's own, and one announcement.
  });

  it('records it once however many projectors there are', async () => {
    for (let n = 0; n < 3; n++) await startProjector();
    nowMs += LIMIT_MS + 1;
    await announcedOf(2);
    await stopAll();
    expect(await announced()).toEqual(both);
  });

  it('says nothing of workers that have started and of jobs that have ended', async () => {
    await reported(workerStateChanged());
    nowMs += LIMIT_MS + 1;
    await startProjector();
    expect(await announcedOf(1)).toEqual(both.slice(1));
    await stopAll();

    await reported(workerStateChanged({ restart: 1, state: 'pending' }));
    await decided(jobCompleted());
    nowMs += LIMIT_MS + 1;
    const follower = await startProjector();
    await until('the end to be seen', () => follower.view.jobs.get(A_JOB)?.end !== null);
    await stopAll();
    expect(await announced()).toHaveLength(1);
  });

  it('makes good for a time in which no projector ran, and not twice', async () => {
    nowMs += 100 * LIMIT_MS;
    await startProjector();
    await announcedOf(2);
    await stopAll();
    const { triedCount } = store;
    const follower = await startProjector();
    await until('the announcements to be seen', () => {
      const workers = follower.view.jobs.get(A_JOB)?.workers.values() ?? [];
      return [...workers].filter(({ isStalled }) => isStalled).length === 2;
    });
    await stopAll();
    expect(store.triedCount).toBe(triedCount);
  });

  it('goes by the limit that it is given now', async () => {
    nowMs += 1000;
    await startProjector(3_600_000);
    await stopAll();
    expect(await announced()).toEqual([]);
    await startProjector(LIMIT_MS);
    expect(await announcedOf(2)).toEqual(both);
  });

  it('tries again when the log is away', async () => {
    store.isAway = true;
    nowMs += LIMIT_MS + 1;
    await startProjector();
    await until('a try', () => store.triedCount >= 2);
    store.isAway = false;
    expect(await announcedOf(2)).toEqual(both);
  });

  it('tries again soon, however long the limit is', async () => {
    store.isAway = true;
    nowMs += 3_600_001;
    await startProjector(3_600_000);
    await until('a second try', () => store.triedCount >= 2);
  });

  it('looks only once its view has come to the end of the log', async () => {
    nowMs += 3_600_001;
    const view = new PlatformView();
    const stopping = new AbortController();
    const event = aJobSubmitted({ workers: 2 });
    const at = new Date(SUBMITTED_MS).toISOString();
    const caughtUp = (): Promise<void> => {
      if (view.position === 0) view.apply({ position: 1, id: 'x', at, event });
      return Promise.resolve();
    };
    const announcing = announceStalled(
      { view, caughtUp },
      { store, clock: () => new Date(nowMs), logger: silentLogger, stalledAfterMs: 3_600_000 },
      stopping.signal,
    );
    expect(await announcedOf(2)).toEqual(both);
    stopping.abort();
    await announcing;
  });

  it('first sees what was recorded until then', async () => {
    nowMs += LIMIT_MS + 1;
    const view = (await startProjector(3_600_000)).view;
    await until('the job to be seen', () => view.jobs.has(A_JOB));
    await stopAll();

    // A projector whose view is behind: by the time it has caught up, one worker has started.
    const stopping = new AbortController();
    const asked = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    const announcing = announceStalled(
      { view, caughtUp: () => (asked.resolve(), seen.promise) },
      { store, clock: () => new Date(nowMs), logger: silentLogger, stalledAfterMs: LIMIT_MS },
      stopping.signal,
    );
    await asked.promise;
    view.apply({
      position: 99,
      id: 'x',
      at: new Date(nowMs).toISOString(),
      event: workerStateChanged(),
    });
    seen.resolve();
    expect(await announcedOf(1)).toEqual(both.slice(1));
    stopping.abort();
    await announcing;
  });

  it('ends while it waits for a view that goes no further', async () => {
    nowMs += LIMIT_MS + 1;
    const { view } = await startProjector(3_600_000);
    await until('the job to be seen', () => view.jobs.has(A_JOB));
    const stopping = new AbortController();
    const asked = Promise.withResolvers<void>();
    const announcing = announceStalled(
      { view, caughtUp: () => (asked.resolve(), new Promise<void>(() => {})) },
      { store, clock: () => new Date(nowMs), logger: silentLogger, stalledAfterMs: LIMIT_MS },
      stopping.signal,
    );
    await asked.promise;
    stopping.abort();
    await announcing;
    expect(await announced()).toEqual([]);
  });
});
