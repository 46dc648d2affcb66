import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { aBatch, aQueueKey } from '#test/support/queue.builders.ts';
import { type DeadLetter, DeadLetterQueueUnusable, type JobQueueKey } from '../batch-queue.port.ts';
import { SqsBatchQueue } from './sqs-batch-queue.ts';

const BYTES_MAX = 1024 * 1024;
let server: TestAwsServer;
let queue: SqsBatchQueue;

beforeAll(async () => {
  server = await TestAwsServer.start();
  queue = await SqsBatchQueue.open({
    client: server.sqs,
    installation: '0badcafe',
    leaseMs: 1000,
    logger: silentLogger,
  });
});

afterAll(() => server.stop());

interface TestQueue {
  readonly arn: string;
  readonly url: string;
}

async function makeQueue(
  suffix: '' | '.fifo',
  attributes: Record<string, string> = {},
): Promise<TestQueue> {
  const name = `failed-${randomBytes(4).toString('hex')}${suffix}`;
  const { QueueUrl = '' } = await server.sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
  );
  return { arn: `arn:aws:sqs:us-east-1:000000000000:${name}`, url: QueueUrl };
}

describe('a dead-letter queue of SQS', () => {
  it('can be used when it is FIFO, here, and there', async () => {
    await expect(queue.checkDeadLetterQueue((await makeQueue('.fifo')).arn)).resolves.toBe(
      undefined,
    );
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['is a standard queue', async () => (await makeQueue('')).arn, /create a FIFO queue/],
    [
      'does not exist',
      async () => 'arn:aws:sqs:us-east-1:000000000000:none.fifo',
      /none[.]fifo does not exist, .* create the queue in us-east-1/,
    ],
    [
      'is in another region',
      async () => (await makeQueue('.fifo')).arn.replace('us-east-1', 'eu-west-1'),
      /is in eu-west-1 but jobs are queued in us-east-1/,
    ],
    [
      'lets no other queue have it',
      async () =>
        (
          await makeQueue('.fifo', {
            RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'denyAll' }),
          })
        ).arn,
      /redrive allow policy [(]denyAll[)]/,
    ],
  ])('cannot be used when it %s, and it is said what to do', async (_what, make, message) => {
    const arn = await make();
    const checking = queue.checkDeadLetterQueue(arn);
    await expect(checking).rejects.toThrow(DeadLetterQueueUnusable);
    await expect(checking).rejects.toThrow(message);
    const settings = { deadLetterQueue: { arn, receiveCountMax: 1 } };
    await expect(queue.create(aQueueKey(), settings)).rejects.toThrow(DeadLetterQueueUnusable);
  });
});

describe('dead letters on SQS', () => {
  let target: TestQueue;
  let key: JobQueueKey;

  beforeEach(async () => {
    target = await makeQueue('.fifo', { VisibilityTimeout: '30' });
    key = aQueueKey();
  });

  const put = (index: number, changes: Partial<DeadLetter> = {}): Promise<void> =>
    queue.deadLetter(key, target.arn, {
      ...aBatch(index),
      attempt: 3,
      reason: { kind: 'handler.status', message: 'status 500' },
      ...changes,
    });
  const read = async () => (await queue.readDeadLetters(key, target.arn, BYTES_MAX)).letters;

  it('say in attributes whose batch they are and why they are there', async () => {
    await put(7);
    const { Messages: [message] = [] } = await server.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: target.url,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    const values = Object.entries(message?.MessageAttributes ?? {}).map(([name, value]) => [
      name,
      value.StringValue,
    ]);
    expect(message?.Body).toBe('[7]');
    expect(Object.fromEntries(values)).toEqual({
      'cortex-api-name': 'some-api',
      'cortex-job-id': key.jobId,
      'cortex-batch-index': '7',
      'cortex-attempt': '3',
      'cortex-reason-kind': 'handler.status',
      'cortex-reason-message': 'status 500',
    });
    expect(message?.Attributes?.['MessageGroupId']).toBe(`${key.jobId}-7`);
  });

  it.each([
    ['is empty', ''],
    ['has characters SQS refuses', 'exit \u0001 \uFFFF 😀'],
    ['is longer than anybody reads', 'x'.repeat(100_000)],
  ])('keep a reason whose message %s', async (_what, text) => {
    await put(0, { reason: { kind: 'k', message: text } });
    expect((await read())[0]?.reason).toEqual({ kind: 'k', message: text.slice(0, 4096) });
  });

  it('keep payloads that SQS does not take as text', async () => {
    const payload = Buffer.from('["\u0000", "😀"]');
    await put(0, { payload });
    expect(Buffer.from((await read())[0]?.payload ?? [])).toEqual(payload);
  });

  it('go bare into a queue that takes no larger messages than batches', async () => {
    target = await makeQueue('.fifo', { MaximumMessageSize: String(256 * 1024) });
    const payload = Buffer.from(`["${'x'.repeat(256 * 1024 - 4)}"]`);
    await put(3, { payload });
    const [letter] = await read();
    expect(letter).toMatchObject({ index: 3, reason: { kind: 'queue.redriven' } });
    expect(Buffer.from(letter?.payload ?? []).equals(payload)).toBe(true);
  });

  it('are found among more than SQS gives in one answer, and none stays hidden', async () => {
    for (let index = 0; index < 25; index++) await put(index);
    const foreign = { QueueUrl: target.url, MessageBody: 'x', MessageGroupId: 'g' };
    await server.sqs.send(new SendMessageCommand({ ...foreign, MessageDeduplicationId: 'd' }));
    const letters = await read();
    expect(letters.map(({ index }) => index)).toEqual(Array.from({ length: 25 }, (_, n) => n));
    await queue.removeDeadLetters(key, target.arn, letters.slice(0, 20));
    expect((await read()).map(({ index }) => index)).toEqual([20, 21, 22, 23, 24]);
    const { Attributes } = await server.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: target.url, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '6',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });

  it('are read also by two at once', async () => {
    await put(0);
    const [one, other] = await Promise.all([read(), read()]);
    expect(one).toHaveLength(1);
    expect(other).toHaveLength(1);
  });

  it('that SQS moved by itself are the job’s too', async () => {
    const job = aQueueKey();
    await queue.create(job, { deadLetterQueue: { arn: target.arn, receiveCountMax: 1 } });
    await queue.send(job, [aBatch(4, '["kept"]')]);
    const receiver = await queue.receiver(job);
    for (let attempt = 1; attempt <= 11; attempt++) {
      const [batch] = await receiver.receive(1, 5000);
      expect(batch?.attempt).toBe(attempt);
      if (batch !== undefined) receiver.release(batch, 0);
    }
    expect(await receiver.receive(1, 1000)).toEqual([]);
    const { letters } = await queue.readDeadLetters(job, target.arn, BYTES_MAX);
    expect(letters).toMatchObject([{ index: 4, reason: { kind: 'queue.redriven' } }]);
    expect(Buffer.from(letters[0]?.payload ?? []).toString()).toBe('["kept"]');
    await receiver.close();
  });
});
