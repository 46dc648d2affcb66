import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats, type NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { jobLane, submitted } from './event-store.contract.ts';
import type { EventStoreKind } from './event-store-config.ts';
import { EMPTY_LANE } from './event-store.port.ts';
import { openEventStore } from './event-store.wiring.ts';

let nats: TestNatsServer;
let kurrent: TestKurrentServer;
let connection: NatsConnection;

beforeAll(async () => {
  [nats, kurrent] = await Promise.all([TestNatsServer.start(), TestKurrentServer.start()]);
  connection = await connectNats(nats.url, { name: 'spec', logger: silentLogger });
});
afterAll(async () => {
  await connection.close();
  await Promise.all([nats.stop(), kurrent.stop()]);
});

describe('the event store that the configuration names', () => {
  it.each<[EventStoreKind, number]>([
    ['jetstream', 0],
    ['kurrentdb', 1],
  ])('is %s', async (kind, appendsToKurrent) => {
    const config = { kind, kurrentDbUrl: kurrent.url };
    const store = await openEventStore(connection, config, silentLogger);
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    expect((await store.read(jobLane())).events).toHaveLength(1);
    expect(kurrent.appendCount).toBe(appendsToKurrent);
    await store.close();
  });
});
