import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import {
  batchLane,
  factOf,
  jobLane,
  submitted,
  succeeded,
} from '#libs/event-store/event-store.contract.ts';
import { EMPTY_LANE } from '#libs/event-store/event-store.port.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { JetStreamRelayTarget } from '#libs/event-store/jetstream/jetstream-relay-target.ts';
import { KurrentDbEventStore } from '#libs/event-store/kurrentdb/kurrentdb-event-store.ts';
import { KurrentDbRelaySource } from '#libs/event-store/kurrentdb/kurrentdb-relay-source.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { A_JOB, jobStopRequested } from '#test/support/job.builders.ts';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { until } from '#test/support/until.ts';
import { RelayLog } from './relay-log.ts';

const STREAM = 'CORTEX_EVENTS';

let kurrent: TestKurrentServer;
let nats: TestNatsServer;
let connection: NatsConnection;
let store: KurrentDbEventStore;
const running: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  [kurrent, nats] = await Promise.all([TestKurrentServer.start(), TestNatsServer.start()]);
  connection = await connectNats(nats.url, { name: 'spec', logger: silentLogger });
  store = await KurrentDbEventStore.open(kurrent.url, { logger: silentLogger });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((relay) => relay.stop()));
  await store.close();
  await connection.close();
  await Promise.all([kurrent.stop(), nats.stop()]);
});

/** A relay as its process has it; each believes that it holds the lease, unless they share one. */
async function startRelay(lease = new InMemoryLeaderLease()): Promise<{ stop(): Promise<void> }> {
  const own = await connectNats(nats.url, { name: 'relay', logger: silentLogger });
  const source = await KurrentDbRelaySource.open(kurrent.url, { logger: silentLogger });
  const target = await JetStreamRelayTarget.open(own, { logger: silentLogger });
  const stopping = new AbortController();
  const relaying = new RelayLog({ source, target, lease, logger: silentLogger }).run(
    stopping.signal,
  );
  const relay = {
    stop: async () => {
      stopping.abort();
      await relaying;
      target.close();
      await source.close();
      await own.close();
    },
  };
  running.push(relay);
  return relay;
}

interface Published {
  readonly subject: string;
  readonly id: string;
}

/** What integrations have to read, in order. */
async function published(count: number): Promise<Published[]> {
  // Without asking for the account first: a server that has just come back may not answer yet.
  const manager = await jetstreamManager(connection, { checkAPI: false });
  await until(`${count} messages`, async () => {
    const info = await manager.streams.info(STREAM).catch(() => null);
    return info !== null && info.state.messages >= count;
  });
  const consumer = await jetstream(connection).consumers.get(STREAM);
  const { state } = await manager.streams.info(STREAM);
  const all: Published[] = [];
  for await (const message of await consumer.consume()) {
    all.push({ subject: message.subject, id: message.headers?.get('ce-id') ?? '' });
    if (message.seq === state.last_seq) break;
  }
  return all;
}
const idsOf = (messages: readonly Published[]): string[] => messages.map(({ id }) => id);
const idsOfFacts = (count: number): string[] => succeeded(count).map(({ id }) => id);

describe('the relay', () => {
  it('publishes what the log holds as JetStream would have it, byte for byte', async () => {
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    await store.record(batchLane(), succeeded(1));
    await startRelay();
    expect(await published(2)).toEqual([
      { subject: `cortex.events.sum.jobs.${A_JOB}.job`, id: submitted().id },
      { subject: `cortex.events.sum.jobs.${A_JOB}.batch`, id: idsOfFacts(1)[0] },
    ]);

    const other = await TestNatsServer.start();
    const direct = await connect({ servers: other.url });
    const jetStreamStore = await JetStreamEventStore.open(direct, { logger: silentLogger });
    await jetStreamStore.record(batchLane(), succeeded(1));
    const relayed = await messageAt(connection, 2);
    expect(withoutOwnHeaders(relayed)).toEqual(withoutOwnHeaders(await messageAt(direct, 1)));
    await jetStreamStore.close();
    await direct.close();
    await other.stop();
  });

  it('goes on behind the last event when it is started again, however often', async () => {
    for (const n of [0, 1, 2, 3]) {
      await store.record(batchLane(), succeeded(100, 100 * n));
      const relay = await startRelay();
      await published(100 * n + 1);
      await relay.stop();
    }
    await startRelay();
    const all = idsOf(await published(400));
    expect(all).toHaveLength(400);
    expect(new Set(all)).toEqual(new Set(idsOfFacts(400)));
  });

  it('publishes each event once and in order when two believe that they lead', async () => {
    await Promise.all([startRelay(), startRelay()]);
    for (const n of [0, 1, 2, 3]) await store.record(batchLane(), succeeded(150, 150 * n));
    const order: string[] = [];
    for await (const group of store.follow(0, AbortSignal.timeout(30_000))) {
      order.push(...group.map((entry) => (entry.kind === 'event' ? entry.logged.id : '')));
      if (order.length === 600) break;
    }
    expect(idsOf(await published(600))).toEqual(order);
  });

  it('goes on when NATS or KurrentDB was away', async () => {
    await startRelay();
    await store.record(batchLane(), succeeded(200));
    await nats.restart();
    await store.record(batchLane(), succeeded(200, 200));
    await kurrent.restart();
    await store.record(batchLane(), succeeded(200, 400));
    const all = idsOf(await published(600));
    expect(all).toHaveLength(600);
    expect(new Set(all)).toEqual(new Set(idsOfFacts(600)));
  });

  it('is not confused by what others publish, nor by events that are gone', async () => {
    await store.record(batchLane(), succeeded(3));
    const relay = await startRelay();
    const [, , third] = idsOf(await published(3));
    await relay.stop();
    const handmade = headers();
    handmade.set('ce-id', 'by hand');
    await jetstream(connection).publish('cortex.events.x.api', '{}', { headers: handmade });
    const manager = await jetstreamManager(connection);
    await manager.streams.purge(STREAM, { seq: 3 });
    await store.record(batchLane(), succeeded(1, 3));
    await startRelay();
    expect(idsOf(await published(3))).toEqual([third, 'by hand', idsOfFacts(4)[3]]);
  });

  it('publishes an event that the log holds twice once', async () => {
    const [first, second] = succeeded(2);
    if (first === undefined || second === undefined) throw new Error('two facts are made');
    await store.record(batchLane(), [first]);
    const [stored] = kurrent.log.stream(`cortex.batch-sum.${A_JOB}`);
    if (stored === undefined) throw new Error('nothing is stored');
    kurrent.log.append(stored.stream, 'any', [{ ...stored, id: crypto.randomUUID() }]);
    await store.record(batchLane(), [second]);
    await startRelay();
    expect(idsOf(await published(2))).toEqual(idsOfFacts(2));
  });

  it('relays also what this version cannot read', async () => {
    const { jobId } = { jobId: A_JOB };
    kurrent.log.append(`cortex.job-sum.${jobId}`, 'any', [
      {
        id: crypto.randomUUID(),
        type: 'dev.cortex.batch.JobMoved.v1',
        contentType: 'application/json',
        data: Buffer.from('{"to":"b"}'),
        metadata: Buffer.from('{"id":"moved"}'),
      },
    ]);
    await store.append(jobLane(), factOf<JobEvent>(jobStopRequested({ jobId })), 1);
    await startRelay();
    const [unknown] = await published(2);
    expect(unknown).toEqual({ subject: `cortex.events.sum.jobs.${jobId}.job`, id: 'moved' });
  });
});

interface StoredParts {
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
}

async function messageAt(at: NatsConnection, sequence: number): Promise<StoredParts> {
  const message = await (await jetstreamManager(at)).streams.getMessage(STREAM, { seq: sequence });
  if (message === null) throw new Error(`there is no message ${sequence}`);
  const pairs = [...message.header].map(([name, values]) => [name, values.join()] as const);
  return { headers: pairs, text: message.string() };
}

/** What belongs to how a message got into the stream, and not to the event. */
const withoutOwnHeaders = ({ headers: pairs, text }: StoredParts): StoredParts => ({
  headers: pairs.filter(([name]) => !/^(Cortex-Log-Position|Nats-Expected)/.test(name)),
  text,
});
