import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { followedEntries } from '#test/support/followed-entries.ts';
import { A_JOB, aJobSubmitted, jobStopRequested } from '#test/support/job.builders.ts';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import { batchLane, factOf, jobLane, submitted, succeeded } from '../event-store.contract.ts';
import {
  EMPTY_LANE,
  EventStoreUnavailable,
  type LifecycleDelivery,
  type LogEntry,
  VersionConflict,
} from '../event-store.port.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';

let server: TestKurrentServer;
let store: KurrentDbEventStore;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  server = await TestKurrentServer.start();
  store = await KurrentDbEventStore.open(server.url, { logger: silentLogger });
});
afterEach(async () => {
  stop.abort();
  await store.close();
  await server.stop();
});

const collect = (count: number, onGroup: (soFar: number) => Promise<void>): Promise<LogEntry[]> =>
  followedEntries({ store, signal: stop.signal }, count, onGroup);
const idsOf = (entries: readonly LogEntry[]): string[] =>
  entries.map((entry) => (entry.kind === 'event' ? entry.logged.id : ''));
const idsOfFacts = (count: number): string[] => succeeded(count).map(({ id }) => id);
const stopRequested = factOf<JobEvent>(jobStopRequested({ jobId: A_JOB }));

const next = async (group: AsyncIterator<LifecycleDelivery>): Promise<LifecycleDelivery> => {
  const { done, value } = await group.next();
  if (done === true) throw new Error('the group has ended');
  return value;
};
const join = (): AsyncIterator<LifecycleDelivery> =>
  store.shareLifecycle('g', { leaseMs: 10_000, signal: stop.signal })[Symbol.asyncIterator]();

describe('a server that goes and comes back', () => {
  it('while following leaves no gap and repeats nothing', async () => {
    await store.record(batchLane(), succeeded(1500));
    let restarts = 0;
    const entries = await collect(1600, async (soFar) => {
      if (restarts === 0 || (restarts === 1 && soFar >= 1500)) {
        restarts++;
        await server.restart();
        if (restarts === 2) await store.record(batchLane(), succeeded(100, 1500));
      }
    });
    expect(new Set(idsOf(entries))).toEqual(new Set(idsOfFacts(1600)));
    expect(entries).toHaveLength(1600);
    expect(restarts).toBe(2);
  });

  it('while waiting at the end of the log is not noticed', async () => {
    await store.record(batchLane(), succeeded(1));
    const entries = await collect(2, async () => {
      await server.restart();
      await store.record(batchLane(), succeeded(1, 1));
    });
    expect(idsOf(entries)).toEqual(idsOfFacts(2));
  });

  it('while recording loses no fact and stores none twice', async () => {
    const recording = store.record(batchLane(), succeeded(2000));
    await server.restart();
    await recording;
    const entries = await collect(2000, async () => {});
    expect(new Set(idsOf(entries)).size).toBe(2000);
    expect(idsOf(entries)).toHaveLength(2000);
  });

  it('while a lifecycle event is in hand lets sharing go on', async () => {
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    const group = join();
    const first = await next(group);
    const second = group.next();
    await server.restart();
    await first.done(); // Nobody is there to hear it: the event is offered again.
    const again = (await second).value as LifecycleDelivery;
    expect(again.logged.event.type).toBe('JobSubmitted');
    await again.done();
    await store.append(jobLane(), stopRequested, 1);
    expect((await next(group)).logged.event.type).toBe('JobStopRequested');
  });

  it('is waited for by an append', async () => {
    await server.stop();
    const appending = store.append(jobLane(), submitted(), EMPTY_LANE);
    const reading = store.read(jobLane());
    await server.listen();
    await appending;
    await reading;
    expect((await store.read(jobLane())).events).toHaveLength(1);
  });
});

describe('a store that was closed', () => {
  it('is unavailable for everything', async () => {
    await store.close();
    const outcomes = await Promise.allSettled([
      store.append(jobLane(), submitted(), EMPTY_LANE),
      store.record(batchLane(), succeeded(1)),
      store.read(jobLane()),
      store.lastPosition(),
      store.follow(0, stop.signal)[Symbol.asyncIterator]().next(),
      join().next(),
    ]);
    for (const outcome of outcomes) {
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(EventStoreUnavailable);
    }
  });
});

describe('an append that is not answered', () => {
  it('and was stored is recognised when it is repeated', async () => {
    server.faults.unansweredAppendCount = 1;
    const position = await store.append(jobLane(), submitted(), EMPTY_LANE);
    expect(server.appendCount).toBe(2);
    expect(await store.lastPosition()).toBe(position);
    expect((await store.read(jobLane())).events).toHaveLength(1);
  });

  it('and was not stored is stored when it is repeated', async () => {
    server.faults.ignoredAppendCount = 1;
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    expect((await store.read(jobLane())).events).toHaveLength(1);
  });

  it('meets a conflict when another writer was first', async () => {
    const other = await KurrentDbEventStore.open(server.url, { logger: silentLogger });
    server.faults.ignoredAppendCount = 1;
    const late = store.append(jobLane(), submitted(), EMPTY_LANE);
    await other.append(jobLane(), submitted(), EMPTY_LANE);
    await other.close();
    await expect(late).rejects.toBeInstanceOf(VersionConflict);
    expect((await store.read(jobLane())).events).toHaveLength(1);
  });

  it('stores each fact once, in whatever groups they are recorded again', async () => {
    server.faults.unansweredAppendCount = 3;
    await store.record(batchLane(), succeeded(5));
    await store.record(batchLane(), succeeded(7, 3));
    expect(idsOf(await collect(10, async () => {})).toSorted()).toEqual(idsOfFacts(10).toSorted());
  });
});

describe('a server that refuses', () => {
  it('access makes the store unavailable at once, and says what to look at', async () => {
    server.faults.areAppendsDenied = true;
    const appending = store.append(jobLane(), submitted(), EMPTY_LANE);
    await expect(appending).rejects.toThrow(/denies access; check the credentials/);
    await expect(appending).rejects.toBeInstanceOf(EventStoreUnavailable);
    expect(server.appendCount).toBe(1);
  });

  it('because it does not lead sends us to the one that does', async () => {
    const follower = await TestKurrentServer.start(server);
    follower.faults.leaderPort = server.port;
    const elsewhere = await KurrentDbEventStore.open(follower.url, { logger: silentLogger });
    await elsewhere.append(jobLane(), submitted(), EMPTY_LANE);
    expect((await elsewhere.read(jobLane())).events).toHaveLength(1);
    expect([follower.appendCount, server.appendCount]).toEqual([0, 1]);
    await elsewhere.close();
    await follower.stop();
  });
});

describe('what is stored', () => {
  it('keeps the text of a user’s JSON', async () => {
    const config = new RawJson('{"b":9007199254740993,"a":1.0}');
    await store.append(jobLane(), factOf<JobEvent>(aJobSubmitted({ config })), EMPTY_LANE);
    expect((await store.read(jobLane())).events).toMatchObject([{ event: { data: { config } } }]);
  });
});

describe('a group that an operator deletes', () => {
  it('is made anew by its members', async () => {
    const group = join();
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    await (await next(group)).done();
    const waiting = group.next();
    server.groups.get('cortex-g')?.close();
    server.groups.delete('cortex-g');
    expect((await waiting).value).toMatchObject({ logged: { event: { type: 'JobSubmitted' } } });
  });
});
