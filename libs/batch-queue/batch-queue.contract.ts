import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type {
  BatchQueue,
  BatchReceiver,
  DeadLetter,
  JobQueueKey,
  LeasedBatch,
  OutgoingBatch,
} from './batch-queue.port.ts';

/** Short, so that leases run out within a test; long enough to renew on a busy machine. */
export const CONTRACT_LEASE_MS = 900;
/** Ends a `receive` that is expected to bring something. */
const PATIENCE_MS = 15_000;

export interface QueueUnderTest {
  /** Its leases last `CONTRACT_LEASE_MS`. */
  readonly queue: BatchQueue;
  /** What is in a dead-letter queue, oldest first. */
  deadLettersIn(queueName: string): Promise<readonly DeadLetter[]>;
}

export const aQueueKey = (): JobQueueKey => ({
  apiName: apiName('some-api'),
  jobId: jobId(randomBytes(8).toString('hex')),
});

export const aBatch = (index: number, text = `[${index}]`): OutgoingBatch => ({
  index,
  payload: new TextEncoder().encode(text),
});

export const batchesOf = (count: number): OutgoingBatch[] =>
  Array.from({ length: count }, (_, index) => aBatch(index));

export const indexesOf = (batches: readonly LeasedBatch[]): number[] =>
  batches.map(({ index }) => index);

/** What every `BatchQueue` must do. An adapter's spec is one call to this function. */
export function batchQueueContract(makeQueue: () => Promise<QueueUnderTest>): void {
  describe('BatchQueue contract', () => {
    let made: QueueUnderTest;
    let queue: BatchQueue;
    let key: JobQueueKey;
    let receiver: BatchReceiver;

    const receive = (countMax = 10, from = receiver): Promise<readonly LeasedBatch[]> =>
      from.receive(countMax, PATIENCE_MS);
    const receiveOne = async (from = receiver): Promise<LeasedBatch> =>
      (await receive(1, from))[0] as LeasedBatch;

    beforeEach(async () => {
      made = await makeQueue();
      queue = made.queue;
      key = aQueueKey();
      await queue.create(key);
      receiver = await queue.receiver(key);
    });

    describe('sending', () => {
      it('hands batches out in the order they were sent', async () => {
        await queue.send(key, [aBatch(2), aBatch(0), aBatch(1)]);
        expect(indexesOf(await receive())).toEqual([2, 0, 1]);
      });

      it('queues a batch once that is sent again, even when it was removed', async () => {
        await queue.send(key, [aBatch(0), aBatch(1)]);
        await queue.send(key, [aBatch(1), aBatch(2)]);
        const batches = await receive();
        expect(indexesOf(batches)).toEqual([0, 1, 2]);
        receiver.remove(batches);
        await queue.send(key, batchesOf(3));
        expect(await receiver.receive(10, 50)).toEqual([]);
      });

      it('keeps payloads byte for byte', async () => {
        const texts = [
          '[9007199254740993,{"b":1,"a":2},"ü",null]',
          '["\u0000\u0001\r\n\u2028 😀 \ud83d"]',
          `["${'x'.repeat(256 * 1024 - 4)}"]`,
        ];
        const sent = texts.map((text, index) => aBatch(index, text));
        await queue.send(key, sent);

        const got: LeasedBatch[] = [];
        while (got.length < sent.length) got.push(...(await receive()));

        expect(got.map(({ payload }) => Buffer.from(payload).toString('hex'))).toEqual(
          sent.map(({ payload }) => Buffer.from(payload).toString('hex')),
        );
      });

      it('keeps jobs apart', async () => {
        const other = aQueueKey();
        await queue.create(other);
        await queue.send(other, [aBatch(7)]);
        await queue.send(key, [aBatch(8)]);
        expect(indexesOf(await receive())).toEqual([8]);
      });

      it('tells which batches from an index on are on the queue', async () => {
        await queue.send(key, [aBatch(9), ...batchesOf(5)]);
        receiver.remove(await receive(2)); // 9 and 0.
        expect(await queue.sentIndexes(key, 2)).toEqual(new Set([2, 3, 4]));
        expect(await queue.sentIndexes(aQueueKey(), 0)).toEqual(new Set());
      });
    });

    describe('receiving', () => {
      it('returns what is there without waiting for more', async () => {
        await queue.send(key, batchesOf(3));
        expect(await receiver.receive(10, 2 ** 31 - 2000)).toHaveLength(3); // Or the test ends first.
      });

      it('returns as soon as one batch is sent', async () => {
        const waiting = receive(10);
        await queue.send(key, [aBatch(0)]);
        expect(indexesOf(await waiting)).toEqual([0]);
      });

      it('returns no more batches than asked for, and the rest next time', async () => {
        await queue.send(key, batchesOf(5));
        expect(indexesOf(await receive(2))).toEqual([0, 1]);
        expect(indexesOf(await receive(10))).toEqual([2, 3, 4]);
      });

      it('returns nothing when no batch came in time', async () => {
        const startedAt = performance.now();
        expect(await receiver.receive(10, 100)).toEqual([]);
        expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
      });

      it('receives from a queue that is created while it waits', async () => {
        const later = aQueueKey();
        const early = await queue.receiver(later);
        const waiting = receive(10, early);
        await queue.create(later);
        await queue.send(later, [aBatch(0)]);
        expect(indexesOf(await waiting)).toEqual([0]);
      });

      it('ends a wait when it is closed, and receives nothing after', async () => {
        const waiting = receive();
        await receiver.close();
        await receiver.close();
        expect(await waiting).toEqual([]);
        await queue.send(key, [aBatch(0)]);
        expect(await receive()).toEqual([]);
        expect((await receiveOne(await queue.receiver(key))).attempt).toBe(1);
      });

      it('shares no batch between receivers and loses none', async () => {
        const batchCount = 10_000;
        const receivers = [receiver, await queue.receiver(key), await queue.receiver(key)];
        const got: number[] = [];
        const drainQueue = async (from: BatchReceiver): Promise<void> => {
          while (got.length < batchCount) {
            const batches = await from.receive(64, 200);
            from.remove(batches);
            got.push(...indexesOf(batches));
          }
        };
        const sending = queue.send(key, batchesOf(batchCount));
        await Promise.all([sending, ...receivers.map((from) => drainQueue(from))]);

        expect(got.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: batchCount }, (_, i) => i),
        );
        expect(await queue.sentIndexes(key, 0)).toEqual(new Set());
      });
    });

    describe('leases', () => {
      it('offers a batch again when its lease has run out, as the next attempt', async () => {
        await queue.send(key, [aBatch(0)]);
        expect((await receiveOne()).attempt).toBe(1);
        const startedAt = performance.now();

        const again = await receiveOne(await queue.receiver(key));

        expect(again).toMatchObject({ index: 0, attempt: 2, payload: aBatch(0).payload });
        expect(performance.now() - startedAt).toBeLessThan(CONTRACT_LEASE_MS * 2);
      });

      it('keeps a renewed batch with its receiver', async () => {
        await queue.send(key, [aBatch(0)]);
        const held = await receive();
        const renewing = setInterval(() => receiver.renew(held), CONTRACT_LEASE_MS / 4);
        const other = await queue.receiver(key);
        expect(await other.receive(1, CONTRACT_LEASE_MS * 2)).toEqual([]);
        clearInterval(renewing);
        expect((await receiveOne(other)).attempt).toBe(2);
      });

      it('forgets a removed batch', async () => {
        await queue.send(key, batchesOf(3));
        const [first, ...rest] = await receive();
        receiver.remove(rest);
        expect(indexesOf(await receive())).toEqual([first?.index]);
      });

      it('offers a released batch at once', async () => {
        await queue.send(key, [aBatch(0)]);
        receiver.release(await receiveOne(), 0);
        const startedAt = performance.now();
        expect((await receiveOne()).attempt).toBe(2);
        expect(performance.now() - startedAt).toBeLessThan(CONTRACT_LEASE_MS);
      });

      it('offers a released batch after its delay, and others meanwhile', async () => {
        await queue.send(key, batchesOf(2));
        const delayMs = CONTRACT_LEASE_MS * 1.5;
        receiver.release(await receiveOne(), delayMs);
        const startedAt = performance.now();
        receiver.remove([await receiveOne()]);

        expect(await receiveOne()).toMatchObject({ index: 0, attempt: 2 });
        expect(performance.now() - startedAt).toBeGreaterThanOrEqual(delayMs * 0.95);
      });

      it('lets nobody settle a batch whose lease has run out', async () => {
        await queue.send(key, [aBatch(0)]);
        const stale = await receiveOne();
        const other = await queue.receiver(key);
        const held = await receiveOne(other);

        receiver.release(stale, 0);
        receiver.renew([stale]);
        receiver.remove([stale]);

        expect(await receiver.receive(1, CONTRACT_LEASE_MS / 3)).toEqual([]); // Still held.
        const again = await receiveOne();
        expect(again.attempt).toBe(held.attempt + 1);
      });

      it('settles a batch once', async () => {
        await queue.send(key, [aBatch(0)]);
        const batch = await receiveOne();
        receiver.remove([batch]);
        receiver.release(batch, 0);
        receiver.remove([batch]);
        expect(await receiver.receive(1, CONTRACT_LEASE_MS * 1.5)).toEqual([]);
      });
    });

    describe('the life of a queue', () => {
      it('leaves what is queued when it is created again', async () => {
        await queue.send(key, [aBatch(0)]);
        await queue.create(key);
        expect(indexesOf(await receive())).toEqual([0]);
      });

      it('deletes a queue with all that is in it, however often', async () => {
        await queue.send(key, batchesOf(3));
        await queue.delete(key);
        await queue.delete(key);
        expect(await queue.sentIndexes(key, 0)).toEqual(new Set());
        expect(await receiver.receive(10, 50)).toEqual([]);
      });

      it('hands out nothing that is sent after the deletion', async () => {
        await queue.delete(key);
        await queue.send(key, [aBatch(0)]);
        expect(await receiver.receive(10, 50)).toEqual([]);
        await queue.list();
        expect(await queue.sentIndexes(key, 0)).toEqual(new Set());
      });

      it('lists the jobs that have a queue', async () => {
        const deleted = aQueueKey();
        await queue.create(deleted);
        await queue.delete(deleted);
        const other = { ...aQueueKey(), apiName: apiName('other_api.v2') };
        await queue.create(other);
        await queue.send(key, [aBatch(0)]);

        const listed = await queue.list();

        expect(listed).toEqual(expect.arrayContaining([key, other]));
        expect(listed).not.toContainEqual(deleted);
        expect(indexesOf(await receive())).toEqual([0]);
      });
    });

    it('puts a batch that was given up on into a dead-letter queue, once', async () => {
      const queueName = `letters of ${key.jobId}`;
      const letter: DeadLetter = {
        ...aBatch(3, '["ü"]'),
        attempt: 5,
        reason: { kind: 'handler-failed', message: 'HTTP 500:\r\n„kaputt“ at 100%' },
      };
      await queue.deadLetter(key, queueName, letter);
      await queue.deadLetter(key, queueName, letter);
      expect(await made.deadLettersIn(queueName)).toEqual([letter]);
    });
  });
}
