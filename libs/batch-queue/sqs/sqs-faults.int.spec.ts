import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import {
  aBatch,
  aQueueKey,
  batchesOf,
  indexesOf,
  NO_DEAD_LETTERS,
} from '#test/support/queue.builders.ts';
import { type SqsFault, SqsProxy } from '#test/support/sqs-proxy.ts';
import { until } from '#test/support/until.ts';
import {
  BatchQueueUnavailable,
  type BatchReceiver,
  DeadLetterQueueUnusable,
  type JobQueueKey,
  type LeasedBatch,
} from '../batch-queue.port.ts';
import { SqsBatchQueue } from './sqs-batch-queue.ts';
import { BatchRefused } from './sqs-sender.ts';

const PATIENCE_MS = 15_000;
const LEASE_MS = 1000;
const MISSING = 'AWS.SimpleQueueService.NonExistentQueue';

const refuse = (code: string, status?: number): SqsFault =>
  status === undefined ? { kind: 'refuse', code } : { kind: 'refuse', code, status };
const failEntries = (
  positions: readonly number[],
  code: string,
  isSenderFault = false,
): SqsFault => ({
  kind: 'fail-entries',
  positions,
  code,
  isSenderFault,
});

let server: TestAwsServer;
let proxy: SqsProxy;
let queue: SqsBatchQueue;
let key: JobQueueKey;
let receiver: BatchReceiver;

beforeAll(async () => {
  server = await TestAwsServer.start();
  proxy = await SqsProxy.start(server.url);
});

afterAll(async () => {
  await proxy.stop();
  await server.stop();
});

const open = (sendRetryMs?: number): Promise<SqsBatchQueue> =>
  SqsBatchQueue.open({
    client: proxy.client,
    installation: '0badcafe',
    leaseMs: LEASE_MS,
    logger: silentLogger,
    ...(sendRetryMs !== undefined && { sendRetryMs }),
  });

beforeEach(async () => {
  proxy.spoil(() => null);
  queue = await open();
  key = aQueueKey();
  await queue.create(key, NO_DEAD_LETTERS);
  receiver = await queue.receiver(key);
  proxy.requests.length = 0;
});

afterEach(async () => {
  proxy.spoil(() => null);
  await receiver.close();
});

const receive = (countMax = 10): Promise<readonly LeasedBatch[]> =>
  receiver.receive(countMax, PATIENCE_MS);
const sortedIndexes = (batches: readonly LeasedBatch[]): number[] =>
  indexesOf(batches).toSorted((a, b) => a - b);
const idsIn = (body: Readonly<Record<string, unknown>>): string[] =>
  (body['Entries'] as { MessageDeduplicationId: string }[]).map(({ MessageDeduplicationId: id }) =>
    id.slice(17),
  );

describe('sending to SQS', () => {
  it('sends those again that failed out of ten, and only those', async () => {
    proxy.spoilNext(
      'SendMessageBatch',
      failEntries([2, 5, 9], 'InternalError'),
      failEntries([1], 'ThrottlingException', true),
    );
    await queue.send(key, batchesOf(10));
    expect(proxy.requestsOf('SendMessageBatch').map(({ body }) => idsIn(body))).toEqual([
      ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      ['2', '5', '9'],
      ['5'],
    ]);
    expect(sortedIndexes(await receive())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await receiver.receive(10, 0)).toEqual([]);
  });

  it('says which batch SQS will never take, and does not try it again', async () => {
    proxy.spoilNext('SendMessageBatch', failEntries([1], 'InvalidParameterValue', true));
    const sending = queue.send(key, batchesOf(3));
    await expect(sending).rejects.toThrow(BatchRefused);
    await expect(sending).rejects.toThrow(`refuses batch ${key.jobId}-1: InvalidParameterValue`);
    expect(proxy.requestsOf('SendMessageBatch')).toHaveLength(1);
  });

  it('waits longer and longer while it is throttled', async () => {
    const throttles = Array.from({ length: 5 }, () => refuse('RequestThrottled'));
    proxy.spoilNext('SendMessageBatch', ...throttles);
    await queue.send(key, batchesOf(3));
    const times = proxy.requestsOf('SendMessageBatch').map(({ atMs }) => atMs);
    const pauses = times.slice(1).map((at, n) => at - (times[n] ?? 0));
    expect(pauses).toHaveLength(5);
    const shortest = [25, 50, 100, 200, 400]; // Half of each ceiling.
    for (const [n, pauseMs] of pauses.entries())
      expect(pauseMs).toBeGreaterThanOrEqual((shortest[n] ?? 0) - 2);
    expect(await receive()).toHaveLength(3);
  });

  it('gives up when SQS stays out of reach, and may be called again', async () => {
    const hasty = await open(200);
    proxy.spoil(({ action }) => (action === 'SendMessageBatch' ? refuse('Down', 503) : null));
    await expect(hasty.send(key, batchesOf(3))).rejects.toThrow(BatchQueueUnavailable);
    proxy.spoil(() => null);
    await hasty.send(key, batchesOf(3));
    expect(await receive()).toHaveLength(3);
  });

  it('stores a batch once whose acknowledgement was lost', async () => {
    proxy.spoilNext('SendMessageBatch', { kind: 'lose-answer' });
    await queue.send(key, batchesOf(3));
    expect(proxy.requestsOf('SendMessageBatch')).toHaveLength(2);
    const batches = await receive();
    expect(sortedIndexes(batches)).toEqual([0, 1, 2]);
    receiver.remove(batches);
    expect(await receiver.receive(10, 0)).toEqual([]);
  });
});

describe('a queue of SQS that was just made', () => {
  it('is sent to although it is not found at first', async () => {
    const missing = Array.from({ length: 4 }, () => refuse(MISSING));
    proxy.spoilNext('SendMessageBatch', ...missing);
    await queue.send(key, batchesOf(25));
    expect(sortedIndexes([...(await receive(30))])).toHaveLength(25);
  });

  it('is there although it is not found at first', async () => {
    proxy.spoilNext('GetQueueAttributes', refuse(MISSING), refuse(MISSING));
    expect(await queue.exists(key)).toBe(true);
  });

  it('was deleted when it is not found any more after it was', async () => {
    expect(await queue.exists(key)).toBe(true);
    await (await open()).delete(key);
    const startedAt = performance.now();
    expect(await queue.exists(key)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('is waited for where one of its name was deleted a moment ago', async () => {
    proxy.spoilNext('CreateQueue', refuse('AWS.SimpleQueueService.QueueDeletedRecently'));
    const again = aQueueKey();
    await queue.create(again, NO_DEAD_LETTERS);
    expect(proxy.requestsOf('CreateQueue')).toHaveLength(2);
    expect(await queue.exists(again)).toBe(true);
  });
});

describe('a queue of SQS that was deleted under a job', () => {
  beforeEach(async () => {
    const other = await open(); // Another process, which this one knows nothing of.
    await other.delete(key);
  });

  it('is no longer there, for who did not make it just now', async () => {
    expect(await (await open()).exists(key)).toBe(false);
  });

  it('does not make its receivers spin', async () => {
    proxy.requests.length = 0;
    expect(await receiver.receive(10, 3000)).toEqual([]);
    const count = proxy.requestsOf('ReceiveMessage').length;
    expect(count).toBeGreaterThanOrEqual(4);
    expect(count).toBeLessThanOrEqual(12);
  });

  it('is received from when it is there again', async () => {
    const waiting = receive();
    await until('a look', () => proxy.requestsOf('ReceiveMessage').length > 1);
    const other = await open();
    await other.create(key, NO_DEAD_LETTERS);
    await other.send(key, [aBatch(1)]);
    expect(indexesOf(await waiting)).toEqual([1]);
  });

  it('takes what is sent to nowhere', async () => {
    await (await open()).send(key, batchesOf(100));
    expect(await receiver.receive(10, 100)).toEqual([]);
  });

  it('lets batches be settled that were received before', async () => {
    await queue.create(key, NO_DEAD_LETTERS);
    await queue.send(key, batchesOf(2));
    const batches = await receive();
    await queue.delete(key);
    receiver.renew(batches);
    receiver.remove(batches);
    await receiver.close();
    expect(proxy.requestsOf('DeleteMessageBatch')).toHaveLength(1);
  });
});

describe('credentials that do not suffice', () => {
  it('are named when a dead-letter queue is not theirs', async () => {
    proxy.spoilNext('GetQueueUrl', refuse('AccessDenied', 403));
    const arn = `arn:aws:sqs:us-east-1:000000000000:failed-${randomBytes(4).toString('hex')}.fifo`;
    const checking = queue.checkDeadLetterQueue(arn);
    await expect(checking).rejects.toThrow(DeadLetterQueueUnusable);
    await expect(checking).rejects.toThrow(/AccessDenied.*sqs:SendMessage/);
  });

  it('are named when the queue cannot be opened', async () => {
    proxy.spoilNext('GetQueueUrl', refuse('InvalidClientTokenId', 403));
    await expect(open()).rejects.toThrow('cannot open SQS: InvalidClientTokenId');
  });

  it('are not taken for a bad dead-letter queue when SQS is busy', async () => {
    proxy.spoilNext('GetQueueUrl', refuse('RequestThrottled'));
    const arn = 'arn:aws:sqs:us-east-1:000000000000:failed.fifo';
    await expect(queue.checkDeadLetterQueue(arn)).rejects.toThrow(BatchQueueUnavailable);
  });
});
