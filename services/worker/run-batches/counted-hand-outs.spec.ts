import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { aBatchRunner } from '#test/support/batch-runner.builders.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { aQueueArn, batchesOf, indexesOf } from '#test/support/queue.builders.ts';
import { startSteadyClock, type SteadyClock } from '#test/support/steady-clock.ts';
import { StoreThatIsAway } from '#test/support/store-that-is-away.ts';
import { until } from '#test/support/until.ts';
import type { BatchRunner } from './batch-runner.ts';

const KEY = { apiName: apiName('sum'), jobId: jobId('00000000000000aa') };
const LEASE_MS = 300;

describe('where hand-outs of a batch are counted', () => {
  const deadLetterQueue = { arn: aQueueArn(), receiveCountMax: 2 };
  let steady: SteadyClock;
  let queue: InMemoryBatchQueue;
  let store: StoreThatIsAway;
  let handler: HttpHandler;
  let runner: BatchRunner;
  let answer: (response: ServerResponse) => void;

  beforeEach(async () => {
    steady = startSteadyClock();
    queue = new InMemoryBatchQueue({ leaseMs: LEASE_MS, clock: steady.clock });
    store = new StoreThatIsAway();
    answer = (response) => response.end();
    handler = await HttpHandler.start((_, response) => answer(response));
    await queue.create(KEY, { deadLetterQueue });
  });

  afterEach(async () => {
    await runner.close(0);
    await handler.stop();
    steady.stop();
  });

  const start = async (batchCount: number): Promise<void> => {
    await queue.send(KEY, batchesOf(batchCount));
    runner = aBatchRunner(
      { queue, store, leaseMs: LEASE_MS },
      { ...KEY, handlerPort: handler.port, deadLetterQueue },
    );
    void runner.run();
  };

  /** Waits until the outcome of the first call cannot be recorded. */
  const startWithoutStore = async (batchCount: number): Promise<void> => {
    answer = (response) => {
      store.isAway = true;
      response.end();
    };
    await start(batchCount);
    await until('refusals', () => store.refusalCount > 2);
  };

  /** What other workers can have now. */
  const offered = async (): Promise<readonly LeasedBatch[]> => {
    const receiver = await queue.receiver(KEY);
    const batches = await receiver.receive(1000, 50);
    await receiver.close();
    return batches;
  };

  const untilRecorded = (count: number): Promise<unknown> =>
    until(`${count} successes`, async () => {
      let found = 0;
      for await (const entry of store.history(KEY.apiName, KEY.jobId)) {
        if (entry.kind === 'event' && entry.logged.event.type === 'BatchSucceeded') found += 1;
      }
      return found === count;
    });

  it('holds no batch but the one it handles', async () => {
    answer = (response) => void (handler.requests.length <= 100 && response.end());
    await start(300);
    await until('the call without an answer', () => handler.requests.length === 101);
    expect(await offered()).toHaveLength(199);
  });

  it('takes no batch before the outcome of the last one is recorded', async () => {
    await startWithoutStore(3);
    expect(indexesOf(await offered())).toEqual([1, 2]);
    expect(handler.requests).toHaveLength(1);

    store.isAway = false;
    answer = (response) => response.end();
    await untilRecorded(3);
  });

  it('leaves without an attempt at the next when it is halted before that', async () => {
    await startWithoutStore(3);

    runner.halt();
    store.isAway = false;
    await untilRecorded(1);
    await runner.close(0);

    expect(await offered()).toMatchObject([
      { index: 1, attempt: 1 },
      { index: 2, attempt: 1 },
    ]);
  });
});
