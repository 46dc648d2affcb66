import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type BatchQueue,
  type DeadLetter,
  DeadLetterQueueUnusable,
  type JobQueueKey,
  type StoredDeadLetter,
} from './batch-queue.port.ts';

const BYTES_MAX = 1024 * 1024;

export interface DeadLettersUnderTest {
  readonly queue: BatchQueue;
  /** Of a dead-letter queue that is empty. */
  readonly arn: string;
  /** Makes the queue of a job that has that dead-letter queue. */
  readonly newJob: () => Promise<JobQueueKey>;
}

const aLetter = (index: number, text = `[${index}]`): DeadLetter => ({
  index,
  attempt: 3,
  payload: new TextEncoder().encode(text),
  reason: { kind: 'handler.status', message: 'status 500' },
});

/** What is known of letters without the handle, which is the adapter's own. */
const contentOf = (letters: readonly StoredDeadLetter[]): DeadLetter[] =>
  letters.map(({ index, attempt, payload, reason }) => ({
    index,
    attempt,
    payload: Uint8Array.from(payload),
    reason,
  }));

/** The part of `batchQueueContract` about batches that were given up on. */
export function deadLettersContract(make: () => Promise<DeadLettersUnderTest>): void {
  describe('dead letters', () => {
    let queue: BatchQueue;
    let arn: string;
    let newJob: DeadLettersUnderTest['newJob'];
    let key: JobQueueKey;

    const put = async (letters: readonly DeadLetter[], job = key): Promise<void> => {
      for (const letter of letters) await queue.deadLetter(job, arn, letter);
    };
    const indexesWithin = async (bytesMax: number): Promise<unknown> => {
      const { letters, hasMore } = await queue.readDeadLetters(key, arn, bytesMax);
      return { indexes: letters.map(({ index }) => index), hasMore };
    };
    const read = async (job = key): Promise<DeadLetter[]> =>
      contentOf((await queue.readDeadLetters(job, arn, BYTES_MAX)).letters);

    beforeEach(async () => {
      ({ queue, arn, newJob } = await make());
      key = await newJob();
    });

    it('keep payload, attempt and reason', async () => {
      const letter: DeadLetter = {
        index: 3,
        attempt: 5,
        payload: new TextEncoder().encode('["ü", 9007199254740993]'),
        reason: { kind: 'handler-failed', message: 'HTTP 500:\r\n„kaputt“ at 100%' },
      };
      await put([letter]);
      expect(await read()).toEqual([letter]);
    });

    it('are read by ascending index, also by number and not by digits', async () => {
      await put([aLetter(10), aLetter(9), aLetter(100), aLetter(0)]);
      expect((await read()).map(({ index }) => index)).toEqual([0, 9, 10, 100]);
    });

    it('of one batch are one letter, however often it was given up on', async () => {
      await put([aLetter(1), aLetter(1), aLetter(0), aLetter(1)]);
      expect(await read()).toEqual([aLetter(0), aLetter(1)]);
    });

    it('are read as far as their payloads fit, and one if none does', async () => {
      await put([aLetter(0, '["0123"]'), aLetter(1, '["0123"]'), aLetter(2, '["0123"]')]);
      expect(await indexesWithin(1)).toEqual({ indexes: [0], hasMore: true });
      expect(await indexesWithin(16)).toEqual({ indexes: [0, 1], hasMore: true });
      expect(await indexesWithin(24)).toEqual({ indexes: [0, 1, 2], hasMore: false });
    });

    it('are none where no batch was given up on', async () => {
      expect(await queue.readDeadLetters(key, arn, BYTES_MAX)).toEqual({
        letters: [],
        hasMore: false,
      });
    });

    it('stay where they are when they are read', async () => {
      await put([aLetter(0)]);
      expect(await read()).toEqual([aLetter(0)]);
      expect(await read()).toEqual([aLetter(0)]);
    });

    it('of other jobs are not read and not touched', async () => {
      const other = await newJob();
      await put([aLetter(0), aLetter(1)]);
      await put([aLetter(0, '["other"]')], other);
      const { letters } = await queue.readDeadLetters(key, arn, BYTES_MAX);
      await queue.removeDeadLetters(key, arn, letters);
      expect(await read()).toEqual([]);
      expect(await read(other)).toEqual([aLetter(0, '["other"]')]);
    });

    it('are removed one by one, and removed again without effect', async () => {
      await put([aLetter(0), aLetter(1), aLetter(2)]);
      const { letters } = await queue.readDeadLetters(key, arn, BYTES_MAX);
      const middle = letters.filter(({ index }) => index === 1);
      await queue.removeDeadLetters(key, arn, middle);
      await queue.removeDeadLetters(key, arn, middle);
      expect(await read()).toEqual([aLetter(0), aLetter(2)]);
    });

    it('outlive the queue of their job', async () => {
      await put([aLetter(0)]);
      await queue.delete(key);
      expect(await read()).toEqual([aLetter(0)]);
    });

    it('may go to a queue that is there, and not to what is no queue', async () => {
      await queue.checkDeadLetterQueue(arn);
      const noQueue = 'arn:aws:sns:us-east-1:000000000000:topic';
      await expect(queue.checkDeadLetterQueue(noQueue)).rejects.toThrow(DeadLetterQueueUnusable);
    });
  });
}
