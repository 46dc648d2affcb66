import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { installationId } from './installation-id.ts';
import { connectNats } from './nats-connection.ts';

let server: TestNatsServer;
let connections: NatsConnection[];

beforeAll(async () => {
  server = await TestNatsServer.start();
  connections = await Promise.all(
    Array.from({ length: 6 }, () =>
      connectNats(server.url, { name: 'test', logger: silentLogger }),
    ),
  );
});
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await server.stop();
});

describe('an installation’s id', () => {
  it('is the same for all services, also when all of them ask first', async () => {
    const ids = await Promise.all(connections.map((connection) => installationId(connection)));
    expect(ids[0]).toMatch(/^[0-9a-f]{8}$/);
    expect(new Set(ids).size).toBe(1);
  });

  it('outlives a restart of NATS', async () => {
    const [connection] = connections as [NatsConnection];
    const before = await installationId(connection);
    await server.restart();
    const after = await connectNats(server.url, { name: 'test', logger: silentLogger });
    connections.push(after);
    expect(await installationId(after)).toBe(before);
  });

  it('is another one elsewhere', async () => {
    const elsewhere = await TestNatsServer.start();
    const connection = await connectNats(elsewhere.url, { name: 'test', logger: silentLogger });
    try {
      expect(await installationId(connection)).not.toBe(
        await installationId(connections.at(-1) as NatsConnection),
      );
    } finally {
      await connection.close();
      await elsewhere.stop();
    }
  });
});
