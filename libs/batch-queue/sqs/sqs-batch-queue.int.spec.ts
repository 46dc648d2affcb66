import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueueTagsCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { aBatch, aQueueKey, indexesOf, NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import { batchQueueContract, CONTRACT_LEASE_MS } from '../batch-queue.contract.ts';
import type { BatchReceiver, JobQueueKey } from '../batch-queue.port.ts';
import { SqsBatchQueue } from './sqs-batch-queue.ts';

const ACCOUNT = 'arn:aws:sqs:us-east-1:000000000000';
const PATIENCE_MS = 15_000;

let server: TestAwsServer;

beforeAll(async () => {
  server = await TestAwsServer.start();
});

afterAll(() => server.stop());

const open = (
  installation = randomBytes(4).toString('hex'),
  leaseMs = CONTRACT_LEASE_MS,
): Promise<SqsBatchQueue> =>
  SqsBatchQueue.open({ client: server.sqs, installation, leaseMs, logger: silentLogger });

async function makeQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  await server.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return `${ACCOUNT}:${name}`;
}

const makeDeadLetterQueue = (attributes?: Record<string, string>): Promise<string> =>
  makeQueue(`failed-${randomBytes(4).toString('hex')}.fifo`, { FifoQueue: 'true', ...attributes });

async function attributesOf(url: string): Promise<Partial<Record<string, string>>> {
  const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
  return (await server.sqs.send(command)).Attributes ?? {};
}

// A batch is a message group of its own, and between groups SQS promises no order.
batchQueueContract(async () => ({ queue: await open(), makeDeadLetterQueue }), {
  isOrdered: false,
  tellsSentIndexes: false,
});

describe('SqsBatchQueue', () => {
  let queue: SqsBatchQueue;
  let key: JobQueueKey;
  let receiver: BatchReceiver;

  beforeEach(async () => {
    queue = await open('0badcafe');
    key = aQueueKey();
    await queue.create(key, NO_DEAD_LETTERS);
    receiver = await queue.receiver(key);
  });

  afterEach(() => receiver.close());

  it('knows the URL of a queue before it is made', async () => {
    const early = aQueueKey();
    const url = queue.urlOf(early);
    await queue.create(early, NO_DEAD_LETTERS);
    expect((await attributesOf(url))['QueueArn']).toBe(
      `${ACCOUNT}:cx_0badcafe_b_some-api_${early.jobId}.fifo`,
    );
  });

  it('makes a FIFO queue of high throughput that keeps batches as long as SQS can', async () => {
    expect(await attributesOf(queue.urlOf(key))).toMatchObject({
      FifoQueue: 'true',
      FifoThroughputLimit: 'perMessageGroupId',
      DeduplicationScope: 'messageGroup',
      MessageRetentionPeriod: '1209600',
      VisibilityTimeout: '1', // 900 ms, in whole seconds.
    });
  });

  it('tags it with what it is for', async () => {
    const { Tags } = await server.sqs.send(
      new ListQueueTagsCommand({ QueueUrl: queue.urlOf(key) }),
    );
    expect(Tags).toEqual({ apiName: key.apiName, jobId: key.jobId, installation: '0badcafe' });
  });

  it('sets a redrive policy that comes into force after the platform’s own', async () => {
    const arn = await makeDeadLetterQueue();
    const job = aQueueKey();
    await queue.create(job, { deadLetterQueue: { arn, receiveCountMax: 3 } });
    const attributes = await attributesOf(queue.urlOf(job));
    expect(JSON.parse(attributes['RedrivePolicy'] ?? '')).toEqual({
      deadLetterTargetArn: arn,
      maxReceiveCount: 13,
    });
  });

  it('leaves a queue as it is that was made with another lease', async () => {
    await queue.send(key, [aBatch(0)]);
    const other = await open('0badcafe', 5000);
    await other.create(key, NO_DEAD_LETTERS);
    expect(indexesOf(await receiver.receive(1, PATIENCE_MS))).toEqual([0]);
  });

  it('lists only the queues of its own installation', async () => {
    const stranger = await open('0badcaff');
    expect(await queue.list()).toContainEqual(key);
    expect(await stranger.list()).not.toContainEqual(key);
  });

  it('sends a batch of the largest size whose bytes SQS does not take as text', async () => {
    const payload = Buffer.concat([Buffer.from('["\u0001'), randomBytes(256 * 1024 - 6)]);
    await queue.send(key, [{ index: 0, payload }]);
    const [batch] = await receiver.receive(1, PATIENCE_MS);
    expect(Buffer.from(batch?.payload ?? []).equals(payload)).toBe(true);
  });

  it('receives more than SQS gives in one answer', async () => {
    const indexes = Array.from({ length: 64 }, (_, index) => index);
    await queue.send(
      key,
      indexes.map((index) => aBatch(index)),
    );
    const batches = await receiver.receive(50, PATIENCE_MS);
    expect(batches).toHaveLength(50);
    expect(new Set(indexesOf(batches)).size).toBe(50);
    expect(await receiver.receive(50, PATIENCE_MS)).toHaveLength(14);
  });

  it('discards what is no batch of the job', async () => {
    await server.sqs.send(
      new SendMessageCommand({
        QueueUrl: queue.urlOf(key),
        MessageBody: 'hello',
        MessageGroupId: 'a',
        MessageDeduplicationId: 'a',
      }),
    );
    expect(await receiver.receive(10, 100)).toEqual([]);
    expect(await receiver.receive(10, CONTRACT_LEASE_MS * 2)).toEqual([]);
    expect((await attributesOf(queue.urlOf(key)))['ApproximateNumberOfMessages']).toBe('0');
  });

  it('tells SQS what was settled before it is closed, also when it was closed before', async () => {
    await queue.send(key, [aBatch(0), aBatch(1)]);
    const batches = await receiver.receive(10, PATIENCE_MS);
    await receiver.close();
    receiver.remove(batches);
    await receiver.close();
    expect(await attributesOf(queue.urlOf(key))).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });
});
