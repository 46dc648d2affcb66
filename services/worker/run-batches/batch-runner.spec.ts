import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { apiName, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { aBatchRunner } from '#test/support/batch-runner.builders.ts';
import { HttpHandler, type SeenRequest } from '#test/support/http-handler.ts';
import { startSteadyClock, type SteadyClock } from '#test/support/steady-clock.ts';
import { StoreThatIsAway } from '#test/support/store-that-is-away.ts';
import { until } from '#test/support/until.ts';
import type { BatchRunner, BatchRunnerDeps, RunnerAssignment } from './batch-runner.ts';
import { NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';

const KEY = { apiName: apiName('sum'), jobId: jobId('00000000000000aa') };
const LEASE_MS = 300;
const ARN = 'arn:aws:sqs:us-east-1:1:failed';
const FAST = Array.from({ length: 100 }, () => '["fast"]');

describe('running batches', () => {
  let steady: SteadyClock;
  let queue: InMemoryBatchQueue;
  let store: InMemoryEventStore;
  let handler: HttpHandler;
  let runner: BatchRunner | null;
  let answer: (request: SeenRequest, response: ServerResponse) => void;

  beforeEach(async () => {
    steady = startSteadyClock();
    queue = new InMemoryBatchQueue({ leaseMs: LEASE_MS, clock: steady.clock });
    store = new InMemoryEventStore();
    answer = (_, response) => response.end();
    handler = await HttpHandler.start((request, response) => answer(request, response));
    runner = null;
    await queue.create(KEY, NO_DEAD_LETTERS);
  });

  afterEach(async () => {
    await runner?.close(0);
    await handler.stop();
    steady.stop();
  });

  const start = (
    changes: Partial<RunnerAssignment> = {},
    deps: Partial<BatchRunnerDeps> = {},
  ): BatchRunner => {
    const made = aBatchRunner(
      { queue, store, leaseMs: LEASE_MS, ...deps },
      { ...KEY, handlerPort: handler.port, ...changes },
    );
    void made.run();
    runner = made;
    return made;
  };

  const send = (...payloads: string[]): Promise<void> =>
    queue.send(
      KEY,
      payloads.map((payload, index) => ({ index, payload: Buffer.from(payload) })),
    );

  const events = async (): Promise<BatchEvent[]> => {
    const found: BatchEvent[] = [];
    for await (const entry of store.history(KEY.apiName, KEY.jobId)) {
      if (entry.kind === 'event') found.push(entry.logged.event as BatchEvent);
    }
    return found;
  };

  const untilRecorded = (type: BatchEvent['type'], count: number): Promise<BatchEvent[]> =>
    until(`${count} ${type}`, async () => {
      const all = await events();
      return all.filter((event) => event.type === type).length >= count && all;
    });

  const untilOffTheQueue = (): Promise<unknown> =>
    until('the queue to be empty', async () => (await queue.sentIndexes(KEY, 0)).size === 0);

  /** What is on the queue for another worker, once the leases of this one have ended. */
  const leftOnQueue = async (waitMs = 50): Promise<number[]> => {
    const receiver = await queue.receiver(KEY);
    const batches = await receiver.receive(1000, waitMs);
    await receiver.close();
    return batches.map(({ index }) => index);
  };

  it('records every batch that the handler answers with 200, and takes it off the queue', async () => {
    await send(...Array.from({ length: 500 }, (_, index) => `[${index}]`));

    start();
    const all = await untilRecorded('BatchSucceeded', 500);

    expect(all[0]).toEqual({
      type: 'JobStarted',
      data: { jobId: KEY.jobId, workerId: workerId(0) },
    });
    const indexes = all.flatMap((event) =>
      event.type === 'BatchSucceeded' ? event.data.index : [],
    );
    expect(new Set(indexes).size).toBe(500);
    expect(all.at(-1)).toMatchObject({
      data: { attempt: 1, workerId: '0', durationUs: expect.any(Number) },
    });
    expect(handler.requests).toHaveLength(500);
    expect(handler.connectionCount).toBe(1);
    await untilOffTheQueue();
  });

  it('makes one call at a time', async () => {
    let callsNow = 0;
    let callsMax = 0;
    answer = (_, response) => {
      callsMax = Math.max(callsMax, ++callsNow);
      setImmediate(() => {
        callsNow -= 1;
        response.end();
      });
    };
    await send('[1]', '[2]', '[3]', '[4]', '[5]');
    start();
    await untilRecorded('BatchSucceeded', 5);
    expect(callsMax).toBe(1);
  });

  it.each([201, 204, 302, 404, 500])('takes a status of %i for a failure', async (status) => {
    answer = (_, response) => response.writeHead(status).end();
    await send('[1]');

    start();
    const all = await untilRecorded('BatchFailed', 1);

    expect(all.at(-1)).toMatchObject({
      data: {
        index: 0,
        attempt: 1,
        next: 'fail',
        reason: {
          kind: 'dequeuer.user_container_response_status_code',
          message: `invalid response from user container; got status code ${status}, expected status code 200`,
        },
      },
    });
    await untilOffTheQueue();
  });

  it('offers a failed batch again where there is a dead-letter queue, and then puts it there', async () => {
    answer = (_, response) => response.writeHead(500).end();
    await send('[1]');

    start({ deadLetterQueue: { arn: ARN, receiveCountMax: 2 } });
    const all = await untilRecorded('BatchDeadLettered', 1);

    expect(all.map((event) => [event.type, 'next' in event.data ? event.data.next : null])).toEqual(
      [
        ['JobStarted', null],
        ['BatchFailed', 'retry'],
        ['BatchFailed', 'dead-letter'],
        ['BatchDeadLettered', null],
      ],
    );
    expect(handler.requests.map(({ headers }) => headers['x-cortex-attempt'])).toEqual(['1', '2']);
    await untilOffTheQueue();
  });

  it('fails a batch that finds no handler, and waits for the handler before the next', async () => {
    const { port } = handler;
    await handler.stop();
    await send('[1]', '[2]');

    start(
      { handlerPort: port },
      {
        handlerIsReady: async () => {
          handler = await HttpHandler.start(undefined, port);
        },
      },
    );
    const all = await untilRecorded('BatchSucceeded', 1);

    expect(all.find((event) => event.type === 'BatchFailed')).toMatchObject({
      data: { index: 0, reason: { kind: 'dequeuer.user_container_not_reachable' } },
    });
  });

  it('leaves the batch of a handler that has died to other workers', async () => {
    answer = (_, response) => response.destroy();
    await send('[1]', '[2]');

    const died = start({}, { handlerHasDied: () => Promise.resolve(true) });
    await until('the call', () => handler.requests.length > 0);
    await died.close(0);

    expect(await events()).toMatchObject([{ type: 'JobStarted' }]);
    expect((await leftOnQueue()).toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('starts no call after a halt, and gives back at once what it holds', async () => {
    const open: ServerResponse[] = [];
    answer = ({ body }, response) => (body === '["slow"]' ? open.push(response) : response.end());
    const leaseMs = 60_000; // Nothing is given back for being slow, or offered again meanwhile.
    queue = new InMemoryBatchQueue({ leaseMs });
    await queue.create(KEY, NO_DEAD_LETTERS);
    await send(...FAST, '["slow"]', ...FAST);
    const halted = start({}, { leaseMs });
    await until('the slow call', () => open.length === 1);

    halted.halt();
    const left = await leftOnQueue();
    open[0]?.end();
    await untilRecorded('BatchSucceeded', 101);

    expect(left).toHaveLength(100);
    expect(handler.requests).toHaveLength(101);
  });

  it('cuts a call that outlasts its grace, and records nothing of it', async () => {
    answer = () => {};
    await send('[1]');
    const closed = start();
    await until('the call', () => handler.requests.length === 1);
    await closed.close(50);
    expect(await events()).toMatchObject([{ type: 'JobStarted' }]);
    expect(await leftOnQueue()).toEqual([0]);
  });

  it('renews the lease of a batch for as long as its call takes', async () => {
    const open: ServerResponse[] = [];
    answer = (_, response) => open.push(response);
    await send('[1]');
    start();
    await until('the call', () => open.length === 1);

    expect(await leftOnQueue(LEASE_MS * 3)).toEqual([]);
    open[0]?.end();
    await untilRecorded('BatchSucceeded', 1);
  });

  it('gives batches that wait behind a slow call to other workers', async () => {
    const open: ServerResponse[] = [];
    answer = ({ body }, response) => (body === '["slow"]' ? open.push(response) : response.end());
    await send(...FAST, '["slow"]', ...FAST);
    start();
    await until('the slow call', () => open.length === 1);

    expect(
      await until('others to get them', async () => {
        const batches = await leftOnQueue(LEASE_MS);
        return batches.length > 0 && batches;
      }),
    ).not.toContain(100);
    open[0]?.end();
  });

  it('keeps outcomes and their leases while the store is away, and loses none', async () => {
    const away = new StoreThatIsAway();
    store = away;
    answer = (_, response) => {
      away.isAway = true;
      response.end();
    };
    await send('[1]', '[2]', '[3]');
    start();
    await until('calls and refusals', () => handler.requests.length === 3 && away.refusalCount > 2);

    expect(await leftOnQueue(LEASE_MS * 2)).toEqual([]);
    expect(await queue.sentIndexes(KEY, 0)).toEqual(new Set([0, 1, 2]));
    away.isAway = false;
    await untilRecorded('BatchSucceeded', 3);

    expect(handler.requests).toHaveLength(3);
    await untilOffTheQueue();
  });
});
