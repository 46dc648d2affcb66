import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { apiName, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import {
  batchDeadLettered,
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
} from '#test/support/batch.builders.ts';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { batchPageDocument } from '../openapi/documents.schema.ts';

let gateway: TestGateway;
let job: string;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
  const body = aSubmission({ item_list: { items: [1, 2, 3, 4, 5, 6, 7, 8, 9], batch_size: 2 } });
  const response = await gateway.request('POST', '/sum', { body });
  job = ((await response.json()) as { job_id: string }).job_id;
});
afterEach(() => gateway.stop());

const AT = '2026-01-02T03:04:05.678Z';
const of = <const T extends object>(changes: T) => ({ jobId: jobId(job), ...changes });
async function record(...events: readonly BatchEvent[]): Promise<void> {
  const lane = { kind: 'batch', apiName: apiName('sum'), jobId: jobId(job) } as const;
  const facts = events.map((event) => ({ id: eventId(event), at: AT, event }));
  await gateway.store.record(lane, facts);
}
const enqueueAll = (): Promise<void> =>
  record(batchesEnqueued(of({ firstIndex: 0, batchCount: 5, itemCount: 9 })));

const ask = async (query = '', id = job): Promise<{ status: number; body: unknown }> => {
  const response = await gateway.request('GET', `/v1/jobs/${id}/batches${query}`);
  return { status: response.status, body: await response.json() };
};
const list = async (query = '') => batchPageDocument.strict().parse((await ask(query)).body);
const outcomes = async (query = '') =>
  (await list(query)).batches.map(({ index, outcome }) => `${index} ${outcome}`);

describe('GET /v1/jobs/<id>/batches', () => {
  it('says what became of each batch, and of the rest when the job has ended', async () => {
    await enqueueAll();
    await record(
      batchSucceeded(of({ index: 0 })),
      batchFailed(of({ index: 1, next: 'fail' })),
      batchFailed(of({ index: 2, next: 'dead-letter' })),
      batchDeadLettered(of({ index: 2 })),
      batchFailed(of({ index: 3, next: 'retry' })),
    );
    const settled = ['0 succeeded', '1 failed', '2 dead_lettered'];
    expect(await outcomes()).toEqual([...settled, '3 remaining', '4 remaining']);
    const before = await gateway.store.lastPosition();
    await gateway.completeJob('sum', job);
    await record(batchSucceeded(of({ index: 4 })));
    expect(await outcomes()).toEqual([...settled, '3 cancelled', '4 cancelled']);
    expect(await outcomes('?outcome=failed,cancelled')).toEqual([
      '1 failed',
      '3 cancelled',
      '4 cancelled',
    ]);
    expect(await outcomes(`?at=${before}&outcome=remaining`)).toEqual([
      '3 remaining',
      '4 remaining',
    ]);
  });

  it('shows the attempts at a batch with their durations and errors, each once', async () => {
    await enqueueAll();
    const reason = { kind: 'handler.status', message: 'it answered 500' };
    const failure = batchFailed(of({ index: 4, next: 'retry', durationUs: 250_000, reason }));
    await record(failure, batchSucceeded(of({ index: 4, attempt: 2, workerId: workerId(1) })));
    await gateway.store.record({ kind: 'batch', apiName: apiName('sum'), jobId: jobId(job) }, [
      { id: 'the same fact, recorded much later', at: AT, event: failure },
    ]);
    expect((await list()).batches[4]).toEqual({
      batch_id: `${job}-4`,
      index: 4,
      outcome: 'succeeded',
      items: { first: 8, count: 1 },
      attempt_count: 2,
      attempts: [
        {
          attempt: 1,
          result: 'failed',
          time: AT,
          worker_id: '0',
          duration_seconds: 0.25,
          reason,
          next: 'retry',
        },
        {
          attempt: 2,
          result: 'succeeded',
          time: AT,
          worker_id: '1',
          duration_seconds: 1,
          reason: null,
          next: null,
        },
      ],
    });
  });

  it('shows why a batch was given up on that killed its worker', async () => {
    await record(batchDeadLettered(of({ index: 0, attempt: 3 })));
    expect((await list()).batches).toMatchObject([
      {
        items: { first: 0, count: null },
        attempts: [
          { attempt: 3, result: 'dead_lettered', worker_id: null, duration_seconds: null },
        ],
      },
    ]);
  });

  it('shows the newest twenty attempts and counts all', async () => {
    const attempts = Array.from({ length: 25 }, (_, n) =>
      batchFailed(of({ index: 0, attempt: n + 1, next: 'retry' })),
    );
    await record(...attempts);
    const [batch] = (await list()).batches;
    expect(batch?.attempt_count).toBe(25);
    expect(batch?.attempts.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 6),
    );
  });

  it('gives page after page', async () => {
    await enqueueAll();
    const { batches, next_cursor: next } = await list('?limit=2');
    expect(batches.map(({ index }) => index)).toEqual([0, 1]);
    expect((await list(`?limit=3&cursor=${next}`)).next_cursor).toBeNull();
    expect(await outcomes(`?limit=3&cursor=${next}`)).toHaveLength(3);
  });

  it.each([
    ['?outcome=lost', 'query param outcome: must be "succeeded" or "failed"'],
    ['?limit=201', 'query param limit: must be less than or equal to 200 (got 201)'],
    ['?cursor=x', 'query param cursor: must be the next_cursor of an earlier answer'],
    ['?at=x', 'query param at: must be a time'],
  ])('refuses %s', async (query, message) => {
    expect(await ask(query)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) },
    });
  });

  it('does not find an unknown job', async () => {
    expect(await ask('', 'x')).toMatchObject({ status: 404, body: { kind: 'job.not_found' } });
  });
});
