import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerStateChanged } from '#libs/domain/worker/worker.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { workerPageDocument } from '../openapi/documents.schema.ts';

let gateway: TestGateway;
let job: string;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
  job = await submit(3);
});
afterEach(() => gateway.stop());

async function submit(workers: number): Promise<string> {
  const response = await gateway.request('POST', '/sum', { body: aSubmission({ workers }) });
  return ((await response.json()) as { job_id: string }).job_id;
}

async function report(changes: Partial<WorkerStateChanged['data']>): Promise<void> {
  const event = workerStateChanged({ ...changes, jobId: jobId(job) });
  const fact = { id: eventId(event), at: new Date().toISOString(), event };
  await gateway.store.record({ kind: 'worker', apiName: apiName('sum'), jobId: jobId(job) }, [
    fact,
  ]);
}

async function list(query = '', of = job): Promise<{ status: number; body: unknown }> {
  const response = await gateway.request('GET', `/v1/jobs/${of}/workers${query}`);
  return { status: response.status, body: await response.json() };
}

const statesIn = (body: unknown): readonly string[] =>
  workerPageDocument
    .strict()
    .parse(body)
    .workers.map(({ state }) => state);

describe('GET /v1/jobs/<id>/workers', () => {
  it('answers with each worker, as soon as its state is recorded', async () => {
    const reason = { kind: 'worker.oom', message: 'killed by signal 9' };
    await report({ state: 'running' });
    await report({ workerId: workerId(1), state: 'failed', reason });
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(statesIn(body)).toEqual(['running', 'failed', 'pending']);
    expect(body).toMatchObject({
      workers: [
        { worker_id: '0', reason: null, restarts: 0, batches_done: 0 },
        { worker_id: '1', reason },
        { worker_id: '2' },
      ],
      next_cursor: null,
    });
  });

  it('calls a worker stalled by the rule of now', async () => {
    await report({ state: 'running' });
    gateway.queries.stalledRule = () => ({ nowMs: Date.now() + 600_001, stalledAfterMs: 600_000 });
    expect(statesIn((await list()).body)).toEqual(['running', 'stalled', 'stalled']);
  });

  it('answers after the end of the job', async () => {
    await report({ state: 'running' });
    await gateway.completeJob('sum', job);
    await report({ state: 'succeeded' });
    gateway.queries.stalledRule = () => ({ nowMs: Date.now() + 600_001, stalledAfterMs: 600_000 });
    expect(statesIn((await list()).body)).toEqual(['succeeded', 'pending', 'pending']);
  });

  it('gives page after page', async () => {
    const { body } = await list('?limit=2');
    expect(body).toMatchObject({
      workers: [{ worker_id: '0' }, { worker_id: '1' }],
      next_cursor: '1',
    });
    expect((await list('?limit=2&cursor=1')).body).toMatchObject({
      workers: [{ worker_id: '2' }],
      next_cursor: null,
    });
  });

  it.each([
    ['?limit=0', 'query param limit: must be greater than or equal to 1 (got 0)'],
    ['?limit=1001', 'query param limit: must be less than or equal to 1000 (got 1001)'],
    ['?cursor=x', 'query param cursor: must be the next_cursor of an earlier answer'],
  ])('refuses %s', async (query, message) => {
    expect(await list(query)).toMatchObject({ status: 400, body: { message } });
  });

  it('does not find the workers of a job that there is not', async () => {
    expect(await list('', '00000000000000ff')).toMatchObject({
      status: 404,
      body: { kind: 'job.not_found', message: 'unable to find BatchAPI job 00000000000000ff' },
    });
  });

  it('says which verb it takes', async () => {
    const response = await gateway.request('POST', `/v1/jobs/${job}/workers`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });
});
