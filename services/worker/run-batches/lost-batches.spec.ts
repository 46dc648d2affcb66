import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { LogEntry } from '#libs/event-store/event-store.port.ts';
import { EventStoreUnavailable } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { aBatchRunner } from '#test/support/batch-runner.builders.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { aBatch, aQueueArn } from '#test/support/queue.builders.ts';
import { startSteadyClock, type SteadyClock } from '#test/support/steady-clock.ts';
import { until } from '#test/support/until.ts';
import type { BatchRunner } from './batch-runner.ts';

const KEY = { apiName: apiName('sum'), jobId: jobId('00000000000000aa') };
const LEASE_MS = 300;

/** A store whose history cannot be read the first times. */
class ForgetfulStore extends InMemoryEventStore {
  failures = 0;

  override async *history(
    ...job: Parameters<InMemoryEventStore['history']>
  ): AsyncGenerator<LogEntry> {
    if (this.failures-- > 0) throw new EventStoreUnavailable('away');
    yield* super.history(...job);
  }
}

describe('a batch whose last attempt nobody told the outcome of', () => {
  const deadLetterQueue = { arn: aQueueArn(), receiveCountMax: 2 };
  let steady: SteadyClock;
  let queue: InMemoryBatchQueue;
  let store: ForgetfulStore;
  let handler: HttpHandler;
  let runner: BatchRunner | null;

  beforeEach(async () => {
    steady = startSteadyClock();
    queue = new InMemoryBatchQueue({ leaseMs: LEASE_MS, clock: steady.clock });
    store = new ForgetfulStore();
    handler = await HttpHandler.start();
    runner = null;
    await queue.create(KEY, { deadLetterQueue });
    await queue.send(KEY, [aBatch(0)]);
  });

  afterEach(async () => {
    await runner?.close(0);
    await handler.stop();
    steady.stop();
  });

  /** Workers take the batch and die before they can say a word. */
  const loseAttempts = async (count: number): Promise<void> => {
    for (let taken: readonly LeasedBatch[] = []; (taken[0]?.attempt ?? 0) < count;) {
      const receiver = await queue.receiver(KEY);
      taken = await receiver.receive(1, LEASE_MS * 10);
      await receiver.close();
    }
  };

  const start = (dlq: typeof deadLetterQueue | null = deadLetterQueue): void => {
    runner = aBatchRunner(
      { queue, store, leaseMs: LEASE_MS },
      { ...KEY, handlerPort: handler.port, deadLetterQueue: dlq },
    );
    void runner.run();
  };

  const events = async (): Promise<BatchEvent[]> => {
    const found: BatchEvent[] = [];
    for await (const entry of store.history(KEY.apiName, KEY.jobId)) {
      if (entry.kind === 'event') found.push(entry.logged.event as BatchEvent);
    }
    return found;
  };

  const untilOffTheQueue = (): Promise<unknown> =>
    until('the queue to be empty', async () => (await queue.sentIndexes(KEY, 0)).size === 0);

  it('is dead-lettered without a handler call', async () => {
    await loseAttempts(2);
    start();
    await untilOffTheQueue();

    const reason = { kind: 'worker.lost_batch', message: expect.stringContaining('2 times') };
    expect(await events()).toEqual([
      { type: 'BatchDeadLettered', data: { jobId: KEY.jobId, index: 0, attempt: 2, reason } },
    ]);
    expect((await queue.readDeadLetters(KEY, deadLetterQueue.arn, 1)).letters).toEqual([
      { index: 0, attempt: 2, payload: aBatch(0).payload, reason, handle: expect.any(String) },
    ]);
    expect(handler.requests).toEqual([]);
  });

  it('is one dead letter and one event, however often it is found', async () => {
    await loseAttempts(4);
    const reason = { kind: 'worker.lost_batch', message: 'found before' };
    await queue.deadLetter(KEY, deadLetterQueue.arn, { ...aBatch(0), attempt: 2, reason });
    start();
    await untilOffTheQueue();

    expect(await events()).toMatchObject([{ type: 'BatchDeadLettered', data: { attempt: 2 } }]);
    const { letters } = await queue.readDeadLetters(KEY, deadLetterQueue.arn, 1);
    expect(letters).toMatchObject([{ reason }]);
  });

  it('is handled as long as it has attempts left', async () => {
    await loseAttempts(1);
    start();
    await untilOffTheQueue();
    expect((await events()).at(-1)).toMatchObject({ type: 'BatchSucceeded', data: { attempt: 2 } });
  });

  it('is handled again where there is no dead-letter queue', async () => {
    await loseAttempts(3);
    start(null);
    await untilOffTheQueue();
    expect((await events()).at(-1)).toMatchObject({ type: 'BatchSucceeded', data: { attempt: 4 } });
  });

  it('is no dead letter when it had succeeded and only the queue did not hear of it', async () => {
    const success = batchSucceeded({ jobId: KEY.jobId, index: 0, attempt: 2 });
    const fact = { id: 'success', at: systemClock().toISOString(), event: success };
    await store.record({ kind: 'batch', ...KEY }, [fact]);
    await loseAttempts(2);
    start();
    await untilOffTheQueue();

    expect(await events()).toEqual([success]);
    const { letters } = await queue.readDeadLetters(KEY, deadLetterQueue.arn, 1);
    expect(letters).toEqual([]);
  });

  it('waits on the queue while the log cannot be read', async () => {
    await loseAttempts(2);
    store.failures = 1;
    start();
    await untilOffTheQueue();
    expect(await events()).toMatchObject([{ type: 'BatchDeadLettered' }]);
  });
});
