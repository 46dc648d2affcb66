import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  aBatch,
  aQueueKey,
  batchesOf,
  indexesOf,
  NO_DEAD_LETTERS,
} from '#test/support/queue.builders.ts';
import { deadLettersContract } from './dead-letters.contract.ts';
import { queueLifeContract } from './queue-life.contract.ts';
import type { BatchQueue, BatchReceiver, JobQueueKey, LeasedBatch } from './batch-queue.port.ts';

/** Short, so that leases run out within a test; long enough to renew on a busy machine. */
export const CONTRACT_LEASE_MS = 900;
/** Ends a `receive` that is expected to bring something. */
const PATIENCE_MS = 15_000;

export interface QueueUnderTest {
  /** Its leases last `CONTRACT_LEASE_MS`. */
  readonly queue: BatchQueue;
  /** @returns the ARN of an empty dead-letter queue that its jobs may use */
  makeDeadLetterQueue(): Promise<string>;
}

/** What not every queue can do. */
export interface QueuePromises {
  /** Batches come in the order they were sent. */
  readonly isOrdered: boolean;
  /** `sentIndexes` knows what is on the queue. */
  readonly tellsSentIndexes: boolean;
}

/** What every `BatchQueue` must do. An adapter's spec is one call to this function. */
export function batchQueueContract(
  makeQueue: () => Promise<QueueUnderTest>,
  { isOrdered, tellsSentIndexes }: QueuePromises = { isOrdered: true, tellsSentIndexes: true },
): void {
  /** In the order they came, where that is promised. */
  const received = (batches: readonly LeasedBatch[]): number[] =>
    isOrdered ? indexesOf(batches) : indexesOf(batches).toSorted((a, b) => a - b);

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
      await queue.create(key, NO_DEAD_LETTERS);
      receiver = await queue.receiver(key);
    });

    describe('sending', () => {
      it(`hands batches out ${isOrdered ? 'in the order they were sent' : 'in any order'}`, async () => {
        await queue.send(key, [aBatch(2), aBatch(0), aBatch(1)]);
        expect(received(await receive())).toEqual(isOrdered ? [2, 0, 1] : [0, 1, 2]);
      });

      it('queues a batch once that is sent again, even when it was removed', async () => {
        await queue.send(key, [aBatch(0), aBatch(1)]);
        await queue.send(key, [aBatch(1), aBatch(2)]);
        const batches = await receive();
        expect(received(batches)).toEqual([0, 1, 2]);
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
        await queue.create(other, NO_DEAD_LETTERS);
        await queue.send(other, [aBatch(7)]);
        await queue.send(key, [aBatch(8)]);
        expect(indexesOf(await receive())).toEqual([8]);
      });

      const tells = tellsSentIndexes ? 'tells' : 'cannot tell';
      it(`${tells} which batches from an index on are on the queue`, async () => {
        await queue.send(key, [aBatch(9), ...batchesOf(5)]);
        receiver.remove(await receive(2)); // 9 and 0.
        const sent = tellsSentIndexes ? [2, 3, 4] : [];
        expect(await queue.sentIndexes(key, 2)).toEqual(new Set(sent));
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
        const first = await receive(2);
        expect(first).toHaveLength(2);
        expect(received([...first, ...(await receive(10))])).toEqual([0, 1, 2, 3, 4]);
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
        await queue.create(later, NO_DEAD_LETTERS);
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
        const got: LeasedBatch[] = [];
        const isAnyLeft = async (): Promise<boolean> =>
          new Set(indexesOf(got)).size < batchCount || (await queue.sentIndexes(key, 0)).size > 0;
        const drainQueue = async (from: BatchReceiver): Promise<void> => {
          while (got.length < batchCount || (await isAnyLeft())) {
            const batches = await from.receive(64, 200);
            from.remove(batches);
            got.push(...batches);
          }
        };
        const sending = queue.send(key, batchesOf(batchCount));
        await Promise.all([sending, ...receivers.map((from) => drainQueue(from))]);

        // A receiver that is held up for longer than a lease gets a batch again, as another attempt.
        const first = indexesOf(got.filter(({ attempt }) => attempt === 1));
        expect(first.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: batchCount }, (_, i) => i),
        );
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
        // Often: a busy machine may well keep renewals from going out for most of a lease.
        const renewing = setInterval(() => receiver.renew(held), CONTRACT_LEASE_MS / 20);
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

    queueLifeContract(async () => (await makeQueue()).queue);

    deadLettersContract(async () => {
      const arn = await made.makeDeadLetterQueue();
      const settings = { deadLetterQueue: { arn, receiveCountMax: 3 } };
      const newJob = async (): Promise<JobQueueKey> => {
        const job = aQueueKey();
        await queue.create(job, settings);
        return job;
      };
      return { queue, arn, newJob };
    });
  });
}
