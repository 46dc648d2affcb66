import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { aBatch, aQueueKey, indexesOf, NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import type { BatchQueue, JobQueueKey } from '../batch-queue.port.ts';
import { JetStreamBatchQueue } from './jetstream-batch-queue.ts';
import { QUEUE_STREAM, queueConsumer } from './queue-names.ts';

const PATIENCE_MS = 20_000;

describe('a queue that somebody deletes behind our back', () => {
  let server: TestNatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let queue: BatchQueue;
  let key: JobQueueKey;

  beforeAll(async () => {
    server = await TestNatsServer.start();
    connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
    manager = await jetstreamManager(connection);
    queue = await JetStreamBatchQueue.open(connection, { leaseMs: 1000, logger: silentLogger });
  });

  afterAll(async () => {
    await connection.close();
    await server.stop();
  });

  beforeEach(async () => {
    key = aQueueKey();
    await queue.create(key, NO_DEAD_LETTERS);
    await queue.send(key, [aBatch(0)]);
  });

  it('is not there when its consumer is gone', async () => {
    await manager.consumers.delete(QUEUE_STREAM, queueConsumer(key));
    expect(await queue.exists(key)).toBe(false);
  });

  it('is not there when the stream is gone, can be deleted, and made again', async () => {
    await manager.streams.delete(QUEUE_STREAM);
    expect(await queue.exists(key)).toBe(false);
    await queue.delete(key);

    const next = aQueueKey();
    await queue.create(next, NO_DEAD_LETTERS);
    await queue.send(next, [aBatch(7)]);
    const receiver = await queue.receiver(next);
    expect(indexesOf(await receiver.receive(1, PATIENCE_MS))).toEqual([7]);
    await receiver.close();
  });
});
