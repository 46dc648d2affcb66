import { afterAll, describe, expect, it } from '@jest/globals';
import { install } from '@sinonjs/fake-timers';
import { aBatch, aQueueArn, aQueueKey, NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import { startSteadyClock } from '#test/support/steady-clock.ts';
import { batchQueueContract, CONTRACT_LEASE_MS } from '../batch-queue.contract.ts';
import { InMemoryBatchQueue } from './in-memory-batch-queue.ts';

const steady = startSteadyClock();
afterAll(() => steady.stop());

batchQueueContract(async () => {
  const queue = new InMemoryBatchQueue({ leaseMs: CONTRACT_LEASE_MS, clock: steady.clock });
  return { queue, makeDeadLetterQueue: async () => aQueueArn() };
});

describe('InMemoryBatchQueue', () => {
  it('ends leases by the clock it is given', async () => {
    let nowMs = 0;
    const queue = new InMemoryBatchQueue({ leaseMs: 1000, clock: () => new Date(nowMs) });
    const key = aQueueKey();
    await queue.create(key, NO_DEAD_LETTERS);
    await queue.send(key, [aBatch(0)]);
    const receiver = await queue.receiver(key);
    await receiver.receive(1, 0);

    nowMs = 999;
    expect(await receiver.receive(1, 0)).toEqual([]);
    nowMs = 1000;
    expect(await receiver.receive(1, 0)).toMatchObject([{ index: 0, attempt: 2 }]);
  });

  it('forgets which batches were sent after two minutes, as the real one does', async () => {
    const time = install({ toFake: ['performance'] });
    try {
      const queue = new InMemoryBatchQueue({ leaseMs: 1000 });
      const key = aQueueKey();
      await queue.create(key, NO_DEAD_LETTERS);
      const receiver = await queue.receiver(key);
      const sendAndTake = async (): Promise<number> => {
        await queue.send(key, [aBatch(0)]);
        const batches = await receiver.receive(1, 0);
        receiver.remove(batches);
        return batches.length;
      };
      expect([await sendAndTake(), await sendAndTake()]).toEqual([1, 0]);
      time.tick(120_000);
      expect(await sendAndTake()).toBe(1);
    } finally {
      time.uninstall();
    }
  });
});
