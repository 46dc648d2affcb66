import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { DeadLetterQueue } from '#libs/domain/job/job.events.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { aBatchRunner } from '#test/support/batch-runner.builders.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import { startSteadyClock, type SteadyClock } from '#test/support/steady-clock.ts';
import { until } from '#test/support/until.ts';
import type { BatchRunner } from './batch-runner.ts';

const KEY = { apiName: apiName('sum'), jobId: jobId('00000000000000aa') };
const LEASE_MS = 300;

describe('a handler that says that it is not ready', () => {
  let steady: SteadyClock;
  let queue: InMemoryBatchQueue;
  let handler: HttpHandler;
  let runner: BatchRunner;
  let attempts: string[];
  let askedCount: number;
  let becomeReady: () => void;

  beforeEach(async () => {
    steady = startSteadyClock();
    queue = new InMemoryBatchQueue({ leaseMs: LEASE_MS, clock: steady.clock });
    attempts = [];
    askedCount = 0;
    handler = await HttpHandler.start(({ headers }, response) => {
      attempts.push(String(headers['x-cortex-attempt']));
      response.end();
    });
    await queue.create(KEY, NO_DEAD_LETTERS);
  });

  afterEach(async () => {
    becomeReady();
    await runner.close(0);
    await handler.stop();
    steady.stop();
  });

  async function start(deadLetterQueue: DeadLetterQueue | null): Promise<void> {
    await queue.send(KEY, [{ index: 0, payload: Buffer.from('[1]') }]);
    let isReady = false;
    const ready = new Promise<void>((resolve) => {
      becomeReady = () => {
        isReady = true;
        resolve();
      };
    });
    runner = aBatchRunner(
      {
        queue,
        store: new InMemoryEventStore(),
        leaseMs: LEASE_MS,
        handlerIsReady: () => ready,
        handlerTakesBatches: () => {
          askedCount++;
          return Promise.resolve(isReady);
        },
      },
      { ...KEY, handlerPort: handler.port, deadLetterQueue },
    );
    void runner.run();
    await until('it to be asked', () => askedCount > 0);
  }

  it('leaves its batch to others', async () => {
    await start(null);

    const other = await queue.receiver(KEY);
    const batches = await other.receive(1, 5000);

    expect(batches).toMatchObject([{ index: 0, attempt: 2 }]);
    expect(attempts).toEqual([]);
    await other.close();
  });

  it('keeps its batch, beyond a lease, where a delivery counts as an attempt', async () => {
    await start({ arn: 'arn:aws:sqs:us-east-1:1:failed', receiveCountMax: 1 });

    const other = await queue.receiver(KEY);
    expect(await other.receive(1, 4 * LEASE_MS)).toEqual([]);
    await other.close();
    expect(attempts).toEqual([]);
    becomeReady();

    await until('the call', () => attempts.length > 0);
    expect(attempts).toEqual(['1']);
  });
});
