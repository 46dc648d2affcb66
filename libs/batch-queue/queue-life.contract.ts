import { beforeEach, describe, expect, it } from '@jest/globals';
import { apiName } from '#libs/domain/kernel/ids.ts';
import {
  aBatch,
  aQueueKey,
  batchesOf,
  indexesOf,
  NO_DEAD_LETTERS,
} from '#test/support/queue.builders.ts';
import type { BatchQueue, BatchReceiver, JobQueueKey, LeasedBatch } from './batch-queue.port.ts';

/** Ends a `receive` that is expected to bring something. */
const PATIENCE_MS = 15_000;

/** The part of `batchQueueContract` about queues that come and go. */
export function queueLifeContract(makeQueue: () => Promise<BatchQueue>): void {
  describe('the life of a queue', () => {
    let queue: BatchQueue;
    let key: JobQueueKey;
    let receiver: BatchReceiver;

    const receive = (): Promise<readonly LeasedBatch[]> => receiver.receive(10, PATIENCE_MS);

    beforeEach(async () => {
      queue = await makeQueue();
      key = aQueueKey();
      await queue.create(key, NO_DEAD_LETTERS);
      receiver = await queue.receiver(key);
    });

    it('leaves what is queued when it is created again', async () => {
      await queue.send(key, [aBatch(0)]);
      await queue.create(key, NO_DEAD_LETTERS);
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
      await queue.create(deleted, NO_DEAD_LETTERS);
      await queue.delete(deleted);
      const other = { ...aQueueKey(), apiName: apiName('other_api.v2') };
      await queue.create(other, NO_DEAD_LETTERS);
      await queue.send(key, [aBatch(0)]);

      const listed = await queue.list();

      expect(listed).toEqual(expect.arrayContaining([key, other]));
      expect(listed).not.toContainEqual(deleted);
      expect(indexesOf(await receive())).toEqual([0]);
    });

    it('tells whether a queue is there', async () => {
      expect(await queue.exists(key)).toBe(true);
      expect(await queue.exists(aQueueKey())).toBe(false);
      await queue.delete(key);
      expect(await queue.exists(key)).toBe(false);
    });
  });
}
