import { expect, it } from '@jest/globals';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { aBatchRunner } from '#test/support/batch-runner.builders.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import type { BatchRunner, BatchRunnerDeps } from './batch-runner.ts';

const KEY = { apiName: apiName('sum'), jobId: jobId('00000000000000aa') };
const LEASE_MS = 300;

const newRunner = (
  deps: Pick<BatchRunnerDeps, 'queue' | 'store' | 'handlerTakesBatches'>,
  handlerPort: number,
): BatchRunner => aBatchRunner({ leaseMs: LEASE_MS, ...deps }, { ...KEY, handlerPort });

const timers = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

it('keeps no timer when it is to run after it was closed', async () => {
  const queue = new InMemoryBatchQueue({ leaseMs: LEASE_MS });
  await queue.create(KEY, NO_DEAD_LETTERS);
  const runner = newRunner({ queue, store: new InMemoryEventStore() }, 1);
  await runner.close(0);
  const before = timers();
  await runner.run();
  expect(timers()).toBe(before);
});

it('records what there is and lets go of the queue after something has gone wrong', async () => {
  const queue = new InMemoryBatchQueue({ leaseMs: LEASE_MS });
  const store = new InMemoryEventStore();
  const handler = await HttpHandler.start((_, response) => response.end());
  await queue.create(KEY, NO_DEAD_LETTERS);
  const batches = [0, 1, 2].map((index) => ({ index, payload: Buffer.from('[1]') }));
  await queue.send(KEY, batches);
  let askedCount = 0;
  const handlerTakesBatches = async (): Promise<boolean> => {
    if (++askedCount === 3) throw new Error('the probe broke');
    return true;
  };
  const runner = newRunner({ queue, store, handlerTakesBatches }, handler.port);

  await expect(runner.run()).rejects.toThrow('the probe broke');
  await runner.close(0);
  await handler.stop();

  const types: string[] = [];
  for await (const entry of store.history(KEY.apiName, KEY.jobId)) {
    if (entry.kind === 'event') types.push(entry.logged.event.type);
  }
  expect(types).toEqual(['JobStarted', 'BatchSucceeded', 'BatchSucceeded']);
  const receiver = await queue.receiver(KEY);
  const left = await receiver.receive(10, 10 * LEASE_MS);
  await receiver.close();
  expect(left.map(({ index }) => index)).toEqual([2]);
});
