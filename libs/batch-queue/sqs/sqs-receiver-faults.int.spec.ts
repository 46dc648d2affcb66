import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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
import {
  BatchQueueUnavailable,
  type BatchReceiver,
  type JobQueueKey,
  type LeasedBatch,
} from '../batch-queue.port.ts';
import { SqsBatchQueue } from './sqs-batch-queue.ts';

const PATIENCE_MS = 15_000;
const LEASE_MS = 1000;

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

const open = (client = proxy.client): Promise<SqsBatchQueue> =>
  SqsBatchQueue.open({ client, installation: '0badcafe', leaseMs: LEASE_MS, logger: silentLogger });

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

const idsOf = (body: Readonly<Record<string, unknown>>): unknown[] => body['Entries'] as unknown[];

describe('receiving from SQS', () => {
  it('fails when SQS does, and goes on when it is back', async () => {
    await queue.send(key, [aBatch(0)]);
    proxy.spoilNext('ReceiveMessage', refuse('InternalFailure', 500));
    await expect(receive()).rejects.toThrow(BatchQueueUnavailable);
    expect(indexesOf(await receive())).toEqual([0]);
  });

  it('hands out a batch twice that SQS delivers twice, and settles it once', async () => {
    await queue.send(key, [aBatch(0)]);
    let first: Record<string, unknown> | null = null;
    const twice = (real: Record<string, unknown>): Record<string, unknown> => {
      first = real;
      const messages = real['Messages'] as unknown[];
      return { Messages: [...messages, ...messages] };
    };
    proxy.spoilNext('ReceiveMessage', { kind: 'alter', answer: twice });
    const batches = await receive();
    expect(indexesOf(batches)).toEqual([0, 0]);
    expect(first).not.toBeNull();
    for (const batch of batches) receiver.remove([batch]);
    expect(await receiver.receive(10, LEASE_MS * 1.5)).toEqual([]);
  });

  it('asks again by the same name when an answer was lost, so that SQS gives the same batches', async () => {
    const patient = await (await open(proxy.clientOf({ attemptsMax: 2 }))).receiver(key);
    await queue.send(key, [aBatch(0)]);
    proxy.spoilNext('ReceiveMessage', { kind: 'lose-answer' });
    await patient.receive(1, 0);
    const [first, second] = proxy.requestsOf('ReceiveMessage');
    expect(first?.body['ReceiveRequestAttemptId']).toEqual(expect.any(String));
    expect(second?.body).toEqual(first?.body);
    await patient.close();
  });
});

describe('settling on SQS', () => {
  it('lets go of a batch whose receipt has expired', async () => {
    await queue.send(key, batchesOf(2));
    proxy.spoilNext(
      'DeleteMessageBatch',
      failEntries([0], 'InvalidParameterValue', true), // The receipt handle has expired.
    );
    receiver.remove(await receive());
    await receiver.close();
    expect(proxy.requestsOf('DeleteMessageBatch')).toHaveLength(1);
    receiver = await queue.receiver(key);
    expect(indexesOf(await receive())).toEqual([0]); // Offered again, for it was not removed.
  });

  it('does not speak of a batch whose lease has run out', async () => {
    await queue.send(key, [aBatch(0)]);
    const stale = await receive();
    const other = await queue.receiver(key);
    expect((await other.receive(1, PATIENCE_MS))[0]?.attempt).toBe(2);
    proxy.requests.length = 0;
    receiver.renew(stale);
    receiver.remove(stale);
    await receiver.close();
    expect(proxy.requests).toEqual([]);
    await other.close();
  });

  it('says it again while it is throttled, in groups of ten', async () => {
    await queue.send(key, batchesOf(25));
    const batches = await receive(25);
    proxy.spoilNext(
      'DeleteMessageBatch',
      refuse('RequestThrottled'),
      failEntries([0, 1, 2], 'InternalError'),
      refuse('ServiceUnavailable', 503),
    );
    receiver.remove(batches);
    await receiver.close();
    const sizes = proxy.requestsOf('DeleteMessageBatch').map(({ body }) => idsOf(body).length);
    expect(sizes.every((size) => size <= 10)).toBe(true);
    expect(sizes.length).toBeLessThanOrEqual(8);
    const after = await queue.receiver(key);
    expect(await after.receive(10, LEASE_MS * 1.5)).toEqual([]);
    await after.close();
  });

  it('keeps a batch whose renewals are throttled now and then', async () => {
    await queue.send(key, [aBatch(0)]);
    const held = await receive();
    let count = 0;
    proxy.spoil(({ action }) =>
      action === 'ChangeMessageVisibilityBatch' && ++count % 2 === 1
        ? refuse('RequestThrottled')
        : null,
    );
    const renewing = setInterval(() => receiver.renew(held), LEASE_MS / 10);
    const other = await queue.receiver(key);
    expect(await other.receive(1, LEASE_MS * 2)).toEqual([]);
    clearInterval(renewing);
    await other.close();
  });
});
