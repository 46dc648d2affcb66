import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { aQueueKey, NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import { openBatchQueue } from './batch-queue.wiring.ts';
import type { QueueConfig, QueueKind } from './queue-config.ts';

let nats: TestNatsServer;
let aws: TestAwsServer;
let connection: NatsConnection;
const before = { ...process.env };

beforeAll(async () => {
  [nats, aws] = await Promise.all([TestNatsServer.start(), TestAwsServer.start()]);
  connection = await connectNats(nats.url, { name: 'spec', logger: silentLogger });
  Object.assign(process.env, aws.env); // The SDK looks there.
});

afterAll(async () => {
  process.env = before;
  await connection.close();
  await Promise.all([nats.stop(), aws.stop()]);
});

const config = (kind: QueueKind): QueueConfig => ({
  kind,
  leaseMs: 1000,
  aws: { isPathStyle: true, attemptsMax: 1 },
});

describe('the batch queue that the configuration names', () => {
  it('is JetStream', async () => {
    const queue = await openBatchQueue(connection, config('jetstream'), silentLogger);
    expect(queue.urlOf(aQueueKey())).toMatch(/^nats:/);
  });

  it('is SQS, where all services of one installation mean the same queue', async () => {
    const [one, other] = await Promise.all([
      openBatchQueue(connection, config('sqs'), silentLogger),
      openBatchQueue(connection, config('sqs'), silentLogger),
    ]);
    const key = aQueueKey();
    await one.create(key, NO_DEAD_LETTERS);
    expect(await other.exists(key)).toBe(true);
    expect(other.urlOf(key)).toBe(one.urlOf(key));
    expect(await other.list()).toEqual([key]);
  });
});
