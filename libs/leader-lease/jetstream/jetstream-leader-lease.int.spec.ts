import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { leaderLeaseContract, type OpenedLeases } from '../leader-lease.contract.ts';
import { JetStreamLeaderLease } from './jetstream-leader-lease.ts';

const TTL_MS = 1000;

interface Opened extends OpenedLeases {
  readonly candidate: OpenedLeases['candidate'];
  readonly server: TestNatsServer;
  /** A candidate with a connection of its own, as another process would have. */
  readonly stranger: () => Promise<{ lease: JetStreamLeaderLease; connection: NatsConnection }>;
}

async function open(): Promise<Opened> {
  const server = await TestNatsServer.start();
  const connections: NatsConnection[] = [];
  const stranger: Opened['stranger'] = async () => {
    const connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
    connections.push(connection);
    const options = { name: 'scheduler', ttlMs: TTL_MS, logger: silentLogger };
    return { lease: await JetStreamLeaderLease.open(connection, options), connection };
  };
  return {
    server,
    stranger,
    candidate: async () => (await stranger()).lease,
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
    },
  };
}

leaderLeaseContract(open);

describe('JetStreamLeaderLease', () => {
  const stop = { first: new AbortController(), second: new AbortController() };
  let close: () => Promise<void>;
  const opened = async (): Promise<Opened> => {
    stop.first = new AbortController();
    stop.second = new AbortController();
    const all = await open();
    close = () => all.close();
    return all;
  };
  afterEach(async () => {
    stop.first.abort();
    stop.second.abort();
    await close();
  });

  it('is held for longer than its time to live while it is renewed', async () => {
    const { candidate } = await opened();
    const held = await (await candidate()).acquire(stop.first.signal);
    const standby = (await candidate()).acquire(stop.second.signal);
    const waited = AbortSignal.timeout(2.5 * TTL_MS);
    const outcome = await Promise.race([
      standby.then(() => 'taken by the standby'),
      once(held, 'abort').then(() => 'lost'),
      once(waited, 'abort').then(() => 'held'),
    ]);
    stop.second.abort();
    await expect(standby).rejects.toThrow();
    expect(outcome).toBe('held');
  });

  it('passes on when its holder has died', async () => {
    const { candidate, stranger } = await opened();
    const first = await stranger();
    await first.lease.acquire(stop.first.signal);
    await first.connection.close();
    const held = await (await candidate()).acquire(stop.second.signal);
    expect(held.aborted).toBe(false);
  });

  it('is lost to its holder when the server stays away', async () => {
    const { candidate, server } = await opened();
    const held = await (await candidate()).acquire(stop.first.signal);
    await server.kill();
    const over = AbortSignal.timeout(TTL_MS); // It was renewed before: it ends before this does.
    const outcome = await Promise.race([
      once(held, 'abort').then(() => 'lost'),
      once(over, 'abort').then(() => 'held'),
    ]);
    expect(outcome).toBe('lost');
  });

  it('is lost at once when somebody takes its entry away', async () => {
    const { stranger } = await opened();
    const { lease, connection } = await stranger();
    const held = await lease.acquire(stop.first.signal);
    const bucket = await new Kvm(connection).open('CORTEX_LEADERS');
    await bucket.put('scheduler', 'an operator');
    const startedAt = performance.now();
    await once(held, 'abort');
    expect(performance.now() - startedAt).toBeLessThan(TTL_MS);
  });

  it('survives a quick restart of the server', async () => {
    const { candidate, server } = await opened();
    const held = await (await candidate()).acquire(stop.first.signal);
    await server.restart();
    const waited = AbortSignal.timeout(2 * TTL_MS);
    const outcome = await Promise.race([
      once(held, 'abort').then(() => 'lost'),
      once(waited, 'abort').then(() => 'held'),
    ]);
    expect(outcome).toBe('held');
  });

  it('opens for several at once that were given different times to live', async () => {
    const { stranger } = await opened();
    const strangers = await Promise.all(Array.from({ length: 4 }, stranger));
    for (let round = 0; round < 5; round++) {
      const manager = await jetstreamManager(strangers[0]?.connection as NatsConnection);
      await manager.streams.delete('KV_CORTEX_LEADERS');
      const opening = strangers.map(({ connection }, index) => {
        const ttlMs = index % 2 === 0 ? TTL_MS : 2 * TTL_MS;
        return JetStreamLeaderLease.open(connection, { name: 'x', ttlMs, logger: silentLogger });
      });
      await expect(Promise.all(opening)).resolves.toHaveLength(4);
    }
  });

  it('opens when the server comes back, though it did not answer for a while', async () => {
    const { stranger, server } = await opened();
    const { connection } = await stranger();
    await server.kill();
    const options = { name: 'scheduler', ttlMs: TTL_MS, logger: silentLogger };
    const opening = JetStreamLeaderLease.open(connection, options);
    opening.catch(() => {}); // Looked at below.
    await once(AbortSignal.timeout(TTL_MS), 'abort'); // Three times what an answer may take.
    await server.restart();
    const held = await (await opening).acquire(stop.first.signal);
    expect(held.aborted).toBe(false);
  });

  it('brings an existing bucket to its time to live', async () => {
    const { candidate, stranger } = await opened();
    await candidate();
    const { connection } = await stranger();
    await JetStreamLeaderLease.open(connection, { name: 'x', ttlMs: 400, logger: silentLogger });
    const status = await (await new Kvm(connection).open('CORTEX_LEADERS')).status();
    expect(status.ttl).toBe(400);
  });
});
