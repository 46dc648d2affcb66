import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { onReconnect } from '#libs/platform/nats/on-reconnect.ts';
import { followedEntries } from '#test/support/followed-entries.ts';
import { A_JOB, aJobSubmitted, jobStopRequested } from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { factOf, succeeded } from '../event-store.contract.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  EventStoreUnavailable,
  type FactLane,
  type LifecycleDelivery,
  type LogEntry,
  VersionConflict,
} from '../event-store.port.ts';
import { EVENT_STREAM } from './event-stream.ts';
import { JetStreamEventStore } from './jetstream-event-store.ts';

const API = apiName('sum');
const jobLane: DecisionLane<JobEvent> = { kind: 'job', apiName: API, jobId: A_JOB };
const batchLane = { kind: 'batch', apiName: API, jobId: A_JOB } satisfies FactLane;

let server: TestNatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;
let store: JetStreamEventStore;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  server = await TestNatsServer.start();
  connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  store = await JetStreamEventStore.open(connection, { logger: silentLogger });
  manager = await jetstreamManager(connection);
});
afterEach(async () => {
  stop.abort();
  await store.close();
  await connection.close();
  await server.stop();
});

/** Kills the server, starts it again, and waits until the connection is back. */
async function restartServer(): Promise<void> {
  const { promise: reconnected, resolve } = Promise.withResolvers<void>();
  const stopWatching = onReconnect(connection, resolve);
  await server.restart();
  await reconnected;
  stopWatching();
}

const collect = (count: number, onGroup: (soFar: number) => Promise<void>): Promise<LogEntry[]> =>
  followedEntries({ store, signal: stop.signal }, count, onGroup);
const positions = (entries: readonly LogEntry[]): number[] =>
  entries.map((entry) =>
    entry.kind === 'event' ? entry.logged.position : entry.unreadable.position,
  );
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

describe('a kill and restart of the server', () => {
  it('while following leaves no gap and repeats nothing', async () => {
    await store.record(batchLane, succeeded(20_000));
    let restarts = 0;
    const entries = await collect(20_500, async (soFar) => {
      if (soFar > 5000 * (restarts + 1) && restarts < 2) {
        restarts++;
        await restartServer();
        if (restarts === 2) await store.record(batchLane, succeeded(500, 20_000));
      }
    });
    expect(positions(entries)).toEqual(upTo(20_500));
  });

  it('while waiting at the end of the log is not noticed', async () => {
    await store.record(batchLane, succeeded(1));
    const entries = await collect(2, async () => {
      await restartServer();
      await store.record(batchLane, succeeded(1, 1));
    });
    expect(positions(entries)).toEqual([1, 2]);
  });

  it('while recording loses no fact and stores none twice', async () => {
    const recording = store.record(batchLane, succeeded(20_000));
    await restartServer();
    await recording;
    const entries = await collect(await store.lastPosition(), async () => {});
    const ids = entries.map((entry) => (entry.kind === 'event' ? entry.logged.id : ''));
    expect(new Set(ids).size).toBe(20_000);
    expect(ids).toHaveLength(20_000);
  });

  it('while a lifecycle event is in hand lets it be settled, and sharing goes on', async () => {
    const version = await store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE);
    const group = store.shareLifecycle('g', { leaseMs: 30_000, signal: stop.signal });
    const members = group[Symbol.asyncIterator]();
    const first = (await members.next()).value as LifecycleDelivery;
    const second = members.next();
    await restartServer();
    await first.done();
    await store.append(jobLane, factOf(jobStopRequested()), version);
    expect((await second).value).toMatchObject({ logged: { event: { type: 'JobStopRequested' } } });
  });
});

describe('a server that is away', () => {
  it('is waited for by an append', async () => {
    await server.kill();
    const appending = store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE);
    await restartServer();
    await appending;
    expect((await store.read(jobLane)).events).toHaveLength(1);
  });

  it('makes the store unavailable once the connection is closed', async () => {
    await connection.close();
    const shared = store.shareLifecycle('g', { leaseMs: 1000, signal: stop.signal });
    const outcomes = await Promise.allSettled([
      store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE),
      store.record(batchLane, succeeded(1)),
      store.read(jobLane),
      store.lastPosition(),
      store.follow(0, stop.signal)[Symbol.asyncIterator]().next(),
      shared[Symbol.asyncIterator]().next(),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected' });
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(EventStoreUnavailable);
    }
  });
});

describe('an append whose acknowledgement is lost', () => {
  it('is found in the lane by whoever reloads', async () => {
    // The stream's first answer is swallowed on its way to the publisher.
    const deaf = await connectNats(server.url, { name: 'deaf', logger: silentLogger });
    const subscribe = deaf.subscribe.bind(deaf);
    let swallowed = 0;
    deaf.subscribe = (subject, options) =>
      subscribe(subject, {
        ...options,
        callback: (error, message: Msg) => {
          if (message.data.length > 0 && swallowed++ < 1) return;
          void options?.callback?.(error, message);
        },
      });
    const hardOfHearing = await JetStreamEventStore.open(deaf, { logger: silentLogger });

    const fact = factOf(aJobSubmitted());
    await expect(hardOfHearing.append(jobLane, fact, EMPTY_LANE)).rejects.toBeInstanceOf(
      VersionConflict,
    );
    expect((await store.read(jobLane)).events).toMatchObject([{ id: fact.id }]);
    expect(swallowed).toBeGreaterThan(1);

    await hardOfHearing.close();
    await deaf.close();
  });
});

describe('a consumer that an operator deletes', () => {
  it('is made anew by who follows, without gap or repetition', async () => {
    await store.record(batchLane, succeeded(10));
    const entries = await collect(20, async (soFar) => {
      if (soFar > 10) return;
      for await (const { name } of manager.consumers.list(EVENT_STREAM)) {
        await manager.consumers.delete(EVENT_STREAM, name);
      }
      await store.record(batchLane, succeeded(10, 10));
    });
    expect(positions(entries)).toEqual(upTo(20));
  });

  it('is made anew by who shares lifecycle events', async () => {
    await store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE);
    const group = store.shareLifecycle('g', { leaseMs: 1000, signal: stop.signal });
    const members = group[Symbol.asyncIterator]();
    const first = (await members.next()).value as LifecycleDelivery;
    const waiting = members.next();
    await manager.consumers.delete(EVENT_STREAM, 'g');
    await store.append(jobLane, factOf(jobStopRequested()), 1);
    await first.done(); // Nobody may be there to hear it: then the event is offered again.
    let next = (await waiting).value as LifecycleDelivery;
    while (next.logged.position === 1) {
      await next.done();
      next = (await members.next()).value as LifecycleDelivery;
    }
    expect(next).toMatchObject({ logged: { event: { type: 'JobStopRequested' } } });
  });
});

describe('the stream', () => {
  it('is brought to its settings when it exists with others, and keeps the rest', async () => {
    await manager.streams.update(EVENT_STREAM, { duplicate_window: 1e9, description: 'ours' });
    await JetStreamEventStore.open(connection, { logger: silentLogger });
    const { config } = await manager.streams.info(EVENT_STREAM);
    expect(config).toMatchObject({
      subjects: ['cortex.events.>'],
      retention: 'limits',
      discard: 'new',
      deny_delete: true,
      allow_direct: true,
      storage: 'file',
      duplicate_window: 60e9,
      description: 'ours',
    });
  });

  it('that is full makes the store unavailable and keeps what it has', async () => {
    await store.record(batchLane, succeeded(3));
    await manager.streams.update(EVENT_STREAM, { max_msgs: 3 });
    await expect(store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE)).rejects.toBeInstanceOf(
      EventStoreUnavailable,
    );
    await expect(store.record(batchLane, succeeded(1, 3))).rejects.toBeInstanceOf(
      EventStoreUnavailable,
    );
    expect(await store.lastPosition()).toBe(3);
  });

  it('takes a new lease for a group that exists', async () => {
    const join = (leaseMs: number): AsyncIterator<LifecycleDelivery> =>
      store.shareLifecycle('g', { leaseMs, signal: stop.signal })[Symbol.asyncIterator]();
    await store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE);
    await ((await join(30_000).next()).value as LifecycleDelivery).done();
    const joined = join(200).next();
    await store.append(jobLane, factOf(jobStopRequested()), 1);
    await joined;
    const { config } = await manager.consumers.info(EVENT_STREAM, 'g');
    expect(config.ack_wait).toBe(200e6);
  });
});
