import { existsSync } from 'node:fs';
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import {
  aBatch,
  aQueueKey,
  batchesOf,
  indexesOf,
  NO_DEAD_LETTERS,
} from '#test/support/queue.builders.ts';
import { until } from '#test/support/until.ts';
import type { BatchQueue, BatchReceiver, JobQueueKey } from '../batch-queue.port.ts';
import { JetStreamBatchQueue } from './jetstream-batch-queue.ts';
import { QUEUE_STREAM, queueConsumer } from './queue-names.ts';

const LEASE_MS = 2000;
const PATIENCE_MS = 10_000;
const SETTLED_COUNT = 8;
/** In the server's file: two sequence numbers and a time for each delivery, each a byte at least. */
const STATE_BYTES_MIN = SETTLED_COUNT * 3 + 10;
const OPEN_BATCHES = [aBatch(101), aBatch(102), aBatch(103)];

/** What `PullPace` is for. An older file of the consumer's state is put back, which a crash does by chance. */
describe('on a server that was killed just after acknowledgements', () => {
  let server: TestNatsServer;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let queue: BatchQueue;
  let key: JobQueueKey;
  let receiver: BatchReceiver;

  beforeEach(async () => {
    server = await TestNatsServer.start();
    connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
    manager = await jetstreamManager(connection);
    queue = await JetStreamBatchQueue.open(connection, { leaseMs: LEASE_MS, logger: silentLogger });
    await queue.send(aQueueKey(), [aBatch(0)]); // What is older than all messages is forgotten rightly.
    key = aQueueKey();
    await queue.create(key, NO_DEAD_LETTERS);
    receiver = await queue.receiver(key);
    await settleAndCrash();
  });

  afterEach(async () => {
    await receiver.close();
    await connection.close();
    await server.stop();
  });

  it('new batches are handed out to one who asks for one at a time', async () => {
    await untilOfferedAgain();
    await queue.send(key, OPEN_BATCHES);
    for (const { index } of OPEN_BATCHES) {
      const batches = await receiver.receive(1, PATIENCE_MS);
      expect(indexesOf(batches)).toEqual([index]);
      receiver.remove(batches);
    }
  });

  it('a batch that nobody settled is handed out again', async () => {
    const other = await queue.receiver(key);
    await queue.send(key, [aBatch(101)]);
    expect(await other.receive(1, PATIENCE_MS)).toMatchObject([{ index: 101, attempt: 1 }]);
    const [again] = await receiver.receive(1, PATIENCE_MS);
    expect(again?.index).toBe(101);
    expect(again?.attempt).toBeGreaterThan(1);
    await other.close();
  });

  async function settleAndCrash(): Promise<void> {
    const consumers = join(server.storeDir, 'jetstream', '$G', 'streams', QUEUE_STREAM, 'obs');
    const state = join(consumers, queueConsumer(key), 'o.dat');
    const kept = join(server.storeDir, 'kept');
    await queue.send(key, batchesOf(SETTLED_COUNT));
    const settled = await receiver.receive(SETTLED_COUNT, PATIENCE_MS);
    expect(settled).toHaveLength(SETTLED_COUNT);
    await until('the deliveries to be written', async () => {
      receiver.renew(settled);
      if (!existsSync(state)) return false;
      await copyFile(state, kept);
      return (await stat(kept)).size >= STATE_BYTES_MIN;
    });
    receiver.remove(settled);
    await until('their messages to be removed', async () => {
      const { state: stream } = await manager.streams.info(QUEUE_STREAM);
      return stream.messages === 1;
    });
    await server.restart({ signal: 'SIGTERM', whileDown: () => copyFile(kept, state) });
  }

  /** A server that offers nothing in vain is as good. */
  async function untilOfferedAgain(): Promise<void> {
    await until('removed messages to be offered', async () => {
      expect(await receiver.receive(1, 50)).toEqual([]);
      const info = await manager.consumers.info(QUEUE_STREAM, queueConsumer(key));
      return info.num_redelivered > 0 || info.num_ack_pending === 0;
    });
  }
});
