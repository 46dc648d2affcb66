import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import {
  aBatch,
  aQueueArn,
  aQueueKey,
  batchesOf,
  indexesOf,
  NO_DEAD_LETTERS,
} from '#test/support/queue.builders.ts';
import { batchQueueContract, CONTRACT_LEASE_MS } from '../batch-queue.contract.ts';
import {
  type BatchQueue,
  BatchQueueUnavailable,
  type BatchReceiver,
  type JobQueueKey,
  type LeasedBatch,
} from '../batch-queue.port.ts';
import { parseQueueArn } from '../queue-arn.ts';
import { deadLetterMessage } from './dead-letter-message.ts';
import { MESSAGE_ID_HEADER } from './delivery.ts';
import { JetStreamBatchQueue } from './jetstream-batch-queue.ts';
import {
  DEAD_LETTER_STREAM,
  deadLetterSubject,
  QUEUE_STREAM,
  queueConsumer,
  queueSubject,
} from './queue-names.ts';

const PATIENCE_MS = 20_000;

let server: TestNatsServer;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  server = await TestNatsServer.start();
});

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});

afterAll(() => server.stop());

async function connect(): Promise<NatsConnection> {
  const connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  connections.push(connection);
  return connection;
}

const openOn = (connection: NatsConnection, leaseMs = CONTRACT_LEASE_MS): Promise<BatchQueue> =>
  JetStreamBatchQueue.open(connection, { leaseMs, logger: silentLogger });

batchQueueContract(async () => {
  const queue = await openOn(await connect());
  return { queue, makeDeadLetterQueue: async () => aQueueArn() };
});

describe('JetStreamBatchQueue', () => {
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let queue: BatchQueue;
  let key: JobQueueKey;
  let receiver: BatchReceiver;

  beforeEach(async () => {
    connection = await connect();
    manager = await jetstreamManager(connection);
    queue = await openOn(connection);
    key = aQueueKey();
    await queue.create(key, NO_DEAD_LETTERS);
    receiver = await queue.receiver(key);
  });

  const messageCount = async (): Promise<number> => {
    const filter = { subjects_filter: queueSubject(key) };
    const { state } = await manager.streams.info(QUEUE_STREAM, filter);
    return state.subjects?.[queueSubject(key)] ?? 0;
  };

  it('names stream and subject in the URL', () => {
    expect(queue.urlOf(key)).toBe(`nats://CORTEX_QUEUE/cortex.queue.some-api.${key.jobId}`);
  });

  it('opens again on streams that are there, and corrects their settings', async () => {
    await manager.streams.update(QUEUE_STREAM, { max_msgs: 1_000_000 });
    await openOn(await connect());
    const { config } = await manager.streams.info(QUEUE_STREAM);
    expect(config).toMatchObject({ retention: 'workqueue', discard: 'new', allow_direct: true });
  });

  it('changes the lease of a queue that was made with another, and nothing else', async () => {
    await queue.send(key, batchesOf(2));
    receiver.remove(await receiver.receive(1, PATIENCE_MS));
    await (await openOn(connection, CONTRACT_LEASE_MS * 2)).create(key, NO_DEAD_LETTERS);
    const { config } = await manager.consumers.info(QUEUE_STREAM, queueConsumer(key));
    expect(config.ack_wait).toBe(nanos(CONTRACT_LEASE_MS * 2));
    expect(indexesOf(await receiver.receive(10, PATIENCE_MS))).toEqual([1]);
  });

  it('keeps nothing of removed batches in the stream', async () => {
    await queue.send(key, batchesOf(100));
    receiver.remove(await receiver.receive(100, PATIENCE_MS));
    receiver.remove(await receiver.receive(100, PATIENCE_MS)); // The first asks for fewer.
    await connection.flush();
    await until(async () => (await messageCount()) === 0);
  });

  it('offers a batch again whose acknowledgement got lost', async () => {
    await queue.send(key, [aBatch(0)]);
    const dying = await connect();
    const worker = await (await openOn(dying)).receiver(key);
    const batches = await worker.receive(1, PATIENCE_MS);
    await dying.close();
    worker.remove(batches); // Goes nowhere, and does not throw.

    expect(await receiver.receive(1, PATIENCE_MS)).toMatchObject([{ index: 0, attempt: 2 }]);
  });

  it('offers the batches of a dead worker within one lease', async () => {
    await queue.send(key, batchesOf(20));
    const dying = await connect();
    const worker = await (await openOn(dying)).receiver(key);
    const held = await worker.receive(10, PATIENCE_MS);
    const waiting = await (await openOn(dying)).receiver(key);
    void waiting.receive(10, PATIENCE_MS); // A pull request is out when the worker dies.
    await dying.flush();
    await dying.close();
    const diedAt = performance.now();

    const got: number[] = [];
    while (got.length < 20) {
      const batches = await receiver.receive(10, PATIENCE_MS);
      receiver.remove(batches);
      got.push(...indexesOf(batches));
    }

    expect(new Set(got).size).toBe(20);
    expect(got).toEqual(expect.arrayContaining(indexesOf(held)));
    expect(performance.now() - diedAt).toBeLessThan(CONTRACT_LEASE_MS * 2);
  });

  it('gives a waiting worker the next batch after another waiting worker died', async () => {
    const dying = await connect();
    const worker = await (await openOn(dying)).receiver(key);
    void worker.receive(10, PATIENCE_MS);
    await dying.flush();
    await dying.close();
    const waiting = receiver.receive(10, PATIENCE_MS);
    const startedAt = performance.now();
    await queue.send(key, [aBatch(0)]);

    expect(await waiting).toMatchObject([{ index: 0, attempt: 1 }]);
    expect(performance.now() - startedAt).toBeLessThan(CONTRACT_LEASE_MS);
  });

  it('gives back on close what arrives too late', async () => {
    // What is not given back stays away for longer than the test.
    await (await openOn(connection, 60_000)).create(key, NO_DEAD_LETTERS);
    await receiver.receive(1, 0); // It knows its queue now, so the next request goes out at once.
    const waiting = receiver.receive(64, PATIENCE_MS);
    await connection.flush();
    const sending = queue.send(key, batchesOf(64));
    await Promise.resolve(); // The client has written.
    blockThread(200); // The server delivers, and nobody reads.
    await receiver.close();
    expect(await waiting).toEqual([]);
    await sending;

    const next = await queue.receiver(key);
    const got: LeasedBatch[] = [];
    while (got.length < 64) got.push(...(await next.receive(64, PATIENCE_MS)));
    expect(got.filter(({ attempt }) => attempt === 2)).not.toHaveLength(0);
  });

  it('goes on receiving after the server was killed and started again', async () => {
    const waiting = receiver.receive(10, PATIENCE_MS);
    await connection.flush();
    await server.restart();
    await (await openOn(await connect())).send(key, batchesOf(3));
    expect(indexesOf(await waiting)).toEqual([0, 1, 2]);
  });

  it('hands out every batch when the server is killed while they are received', async () => {
    const batchCount = 2000;
    await queue.send(key, batchesOf(batchCount));
    const got = new Set<number>();
    let restarting: Promise<void> | null = null;
    while (got.size < batchCount) {
      const batches = await receiver.receive(50, PATIENCE_MS);
      receiver.remove(batches);
      for (const { index } of batches) got.add(index);
      if (got.size >= batchCount / 2) restarting ??= server.restart();
    }
    await restarting;
    expect(got.size).toBe(batchCount);
  });

  it('stores every batch once when the server is killed while they are sent', async () => {
    const sending = queue.send(key, batchesOf(20_000));
    await until(async () => (await messageCount()) > 100);
    await server.restart();
    await sending;
    expect(await messageCount()).toBe(20_000);
  });

  it('says that the queue is unavailable when nothing answers', async () => {
    const lonely = await TestNatsServer.start();
    const abandoned = await connectNats(lonely.url, { name: 'spec', logger: silentLogger });
    connections.push(abandoned);
    const options = { leaseMs: CONTRACT_LEASE_MS, logger: silentLogger, sendRetryMs: 0 };
    const unreachable = await JetStreamBatchQueue.open(abandoned, options);
    const idle = await unreachable.receiver(key);
    await lonely.stop();

    await expect(unreachable.send(key, [aBatch(0)])).rejects.toThrow(BatchQueueUnavailable);
    await expect(unreachable.create(key, NO_DEAD_LETTERS)).rejects.toThrow(BatchQueueUnavailable);
    expect(await idle.receive(1, 100)).toEqual([]);
    const cutOff = idle.receive(1, PATIENCE_MS);
    await abandoned.close();
    expect(await cutOff).toEqual([]);
    await expect(idle.receive(1, 100)).rejects.toThrow(BatchQueueUnavailable);
  });

  it('takes a message off the queue that is no batch', async () => {
    await jetstream(connection).publish(queueSubject(key), 'not a batch');
    await queue.send(key, [aBatch(0)]);
    expect(indexesOf(await receiver.receive(1, PATIENCE_MS))).toEqual([0]);
    await until(async () => (await messageCount()) === 1);
  });

  it('finds the indexes of many batches among those of other jobs', async () => {
    const other = aQueueKey();
    const batches = batchesOf(1000);
    await Promise.all([queue.send(key, batches), queue.send(other, batches)]);
    receiver.remove(await receiver.receive(16, PATIENCE_MS));
    await connection.flush();
    expect(await queue.sentIndexes(key, 500)).toEqual(
      new Set(batches.slice(500).map(({ index }) => index)),
    );
  });

  it('keeps one dead letter of a batch though the server has forgotten its message id', async () => {
    const arn = aQueueArn();
    const { queueName } = parseQueueArn(arn);
    const subject = deadLetterSubject(queueName, key.jobId, 4);
    const reason = { kind: 'handler.status', message: 'status 500' };
    const letter = { ...aBatch(4), attempt: 3, reason };
    const { headers, payload } = deadLetterMessage(key, queueName, letter);
    headers.delete(MESSAGE_ID_HEADER);
    await jetstream(connection).publish(subject, payload, { headers });

    await queue.deadLetter(key, arn, letter);

    const filter = { subjects_filter: `cortex.dead-letters.${queueName}.>` };
    const { state } = await manager.streams.info(DEAD_LETTER_STREAM, filter);
    expect(state.subjects).toEqual({ [subject]: 1 });
    const { letters } = await queue.readDeadLetters(key, arn, 1);
    expect(letters).toMatchObject([{ index: 4, attempt: 3, reason }]);
  });

  it('reads no dead letter out of a message that is none', async () => {
    const arn = aQueueArn();
    const { queueName } = parseQueueArn(arn);
    await jetstream(connection).publish(deadLetterSubject(queueName, key.jobId, 0), '[1]');
    expect((await queue.readDeadLetters(key, arn, 1)).letters).toEqual([]);
  });

  it('asks the server no more than once per wait while there is nothing', async () => {
    const requests: string[] = [];
    const spy = await connect();
    spy.subscribe('$JS.API.CONSUMER.MSG.NEXT.>', {
      callback: (_, message) => void requests.push(message.subject),
    });
    await spy.flush();
    expect(await receiver.receive(64, CONTRACT_LEASE_MS)).toEqual([]);
    await spy.flush();
    expect(requests).toHaveLength(1);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const givesUpAt = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > givesUpAt) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Stops this process for a while, as a long garbage collection would. */
function blockThread(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
