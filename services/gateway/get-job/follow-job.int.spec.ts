import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { jobDetailsDocument, jobPageDocument } from '../openapi/documents.schema.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
  await gateway.deploy({ name: 'other', networking: { endpoint: '/team/other' } });
});
afterEach(() => gateway.stop());

const submit = async (endpoint = '/sum', changes: object = {}): Promise<string> => {
  const response = await gateway.request('POST', endpoint, { body: aSubmission(changes) });
  expect(response.status).toBe(200);
  return ((await response.json()) as { job_id: string }).job_id;
};

/** Status and body of an answer. */
const ask = async (method: string, path: string): Promise<{ status: number; body: unknown }> => {
  const response = await gateway.request(method, path);
  return { status: response.status, body: await response.json() };
};

const notDeployed = (name: string) => ({
  status: 404,
  body: { kind: 'api.not_deployed', message: `${name} is not deployed` },
});
const notFound = (id: string, api: string) => ({
  status: 404,
  body: { kind: 'job.not_found', message: `unable to find BatchAPI job ${id} (${api} api)` },
});

describe('GET <endpoint>?jobID=', () => {
  it('answers with status, endpoint and specification', async () => {
    const id = await submit();
    const { status, body } = await ask('GET', `/sum?jobID=${id}`);
    expect(status).toBe(200);
    const job = jobDetailsDocument.strict().parse(body);
    expect(job).toMatchObject({
      job_status: {
        job_id: id,
        status: 'pending',
        batches_in_queue: 0,
        batch_metrics: { succeeded: 0, failed: 0 },
        start_time: job.job_status.created_time,
      },
      endpoint: `${gateway.url}/sum?jobID=${id}`,
      api_spec: { name: 'sum', id: job.job_status.api_id },
    });
  });

  it('answers at endpoints of several segments, with or without a slash at the end', async () => {
    const id = await submit('/team/other');
    for (const path of ['/team/other', '/team/other/']) {
      expect(await ask('GET', `${path}?jobID=${id}`)).toMatchObject({
        status: 200,
        body: { endpoint: `${gateway.url}/team/other?jobID=${id}` },
      });
    }
  });

  it('answers with the specification that the job was submitted under', async () => {
    const id = await submit();
    const before = await ask('GET', `/sum?jobID=${id}`);
    await gateway.deploy({ node_groups: ['cpu'] });
    expect(await ask('GET', `/sum?jobID=${id}`)).toEqual(before);
  });

  it('names the job of a deleted API at the endpoint it had', async () => {
    const id = await submit();
    await gateway.request('DELETE', '/v1/apis/sum');
    expect(await ask('GET', `/sum?jobID=${id}`)).toMatchObject({ status: 200 });
    expect(await ask('GET', `/sum?jobID=0000000000000000`)).toEqual(notDeployed('sum'));
  });

  it.each(['GET', 'DELETE'])('refuses %s without a job id', async (method) => {
    const refusal = {
      status: 400,
      body: { kind: 'endpoints.query_param_required', message: 'query param required: jobID' },
    };
    expect(await ask(method, '/sum')).toEqual(refusal);
    expect(await ask(method, '/sum?jobID=')).toEqual(refusal);
  });

  it.each(['GET', 'DELETE'])(
    'does not %s an unknown API, an unknown job, or a job of another API',
    async (method) => {
      const id = await submit();
      expect(await ask(method, `/none?jobID=${id}`)).toEqual(notDeployed('none'));
      expect(await ask(method, '/sum?jobID=*')).toEqual(notFound('*', 'sum'));
      expect(await ask(method, `/team/other?jobID=${id}`)).toEqual(notFound(id, 'other'));
      expect(await gateway.eventsOf('sum', id)).toHaveLength(1);
    },
  );

  it('is refused with 503 while the status service does not answer', async () => {
    gateway.queries.isDown = true;
    expect(await ask('GET', '/sum?jobID=1')).toMatchObject({ status: 503 });
  });
});

describe('DELETE <endpoint>?jobID=', () => {
  it('answers once the job has ended', async () => {
    const id = await submit();
    const answer = ask('DELETE', `/sum?jobID=${id}`);
    const stopped = async (): Promise<boolean> => (await gateway.eventsOf('sum', id)).length === 2;
    while (!(await stopped())) await new Promise((resolve) => setImmediate(resolve));
    await gateway.completeJob('sum', id);
    expect(await answer).toEqual({ status: 200, body: { message: `stopped job ${id}` } });
    expect(await ask('GET', `/sum?jobID=${id}`)).toMatchObject({
      body: { job_status: { status: 'stopped' } },
    });
  });

  it('answers after a while when the job takes long to end, and again', async () => {
    const id = await submit();
    const answer = { status: 200, body: { message: `stopped job ${id}` } };
    expect(await ask('DELETE', `/sum?jobID=${id}`)).toEqual(answer);
    expect(await ask('DELETE', `/sum?jobID=${id}`)).toEqual(answer);
    expect(await gateway.eventsOf('sum', id)).toMatchObject([
      { type: 'JobSubmitted' },
      { type: 'JobStopRequested', data: { reason: null } },
    ]);
  });

  it('is refused with 409 when the job has ended, and changes nothing', async () => {
    const id = await submit();
    await gateway.completeJob('sum', id);
    const before = await ask('GET', `/sum?jobID=${id}`);
    expect(await ask('DELETE', `/sum?jobID=${id}`)).toEqual({
      status: 409,
      body: {
        kind: 'job.has_ended',
        message: `cannot stop job ${id}: it has ended with stopped`,
      },
    });
    expect(await ask('GET', `/sum?jobID=${id}`)).toEqual(before);
  });
});

describe('GET /v1/jobs/<id>', () => {
  it('answers as the endpoint does', async () => {
    const id = await submit('/team/other');
    expect(await ask('GET', `/v1/jobs/${id}`)).toEqual(await ask('GET', `/team/other?jobID=${id}`));
  });

  it('does not find an unknown job', async () => {
    expect(await ask('GET', '/v1/jobs/x')).toMatchObject({
      status: 404,
      body: { kind: 'job.not_found', message: 'unable to find BatchAPI job x' },
    });
  });
});

const listed = async (query: string) => {
  const { status, body } = await ask('GET', `/v1/jobs${query}`);
  expect(status).toBe(200);
  const page = jobPageDocument.strict().parse(body);
  return { ids: page.jobs.map((job) => job.job_id), next: page.next_cursor };
};

describe('GET /v1/jobs', () => {
  it('lists jobs newest first, page by page', async () => {
    const ids = [await submit(), await submit('/team/other'), await submit()].toReversed();
    expect(await listed('')).toEqual({ ids, next: null });
    const { ids: page, next } = await listed('?limit=2');
    expect(page).toEqual(ids.slice(0, 2));
    expect(await listed(`?limit=2&cursor=${next}`)).toEqual({ ids: ids.slice(2), next: null });
  });

  it('lists jobs of one API, or with one of several statuses', async () => {
    const [sum, other] = [await submit(), await submit('/team/other')];
    await gateway.completeJob('sum', sum);
    expect((await listed('?api=other')).ids).toEqual([other]);
    expect((await listed('?api=none')).ids).toEqual([]);
    expect((await listed('?status=stopped')).ids).toEqual([sum]);
    expect((await listed('?status=stopped,pending&api=')).ids).toEqual([other, sum]);
  });

  it.each([
    ['limit=0', 'query param limit: must be greater than or equal to 1'],
    ['limit=1001', 'query param limit: must be less than or equal to 1000'],
    ['limit=x', 'query param limit: must be an integer'],
    ['cursor=x', 'query param cursor: must be the next_cursor of an earlier answer'],
    ['status=done', 'query param status: must be "pending" or "enqueuing"'],
  ])('refuses %s', async (query, message) => {
    const { status, body } = await ask('GET', `/v1/jobs?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe('GET /v1/jobs/<id>/workers/<worker>/log', () => {
  it('answers with what was printed, from an offset on', async () => {
    const id = await submit();
    gateway.queries.workerLogs.set(`${id}/0`, 'grüße\n');
    const path = `/v1/jobs/${id}/workers/0/log`;
    const whole = await gateway.request('GET', path);
    expect(await whole.text()).toBe('grüße\n');
    expect(whole.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(whole.headers.get('x-cortex-next-offset')).toBe('8');
    // The job has not ended, so its worker may print more.
    expect(whole.headers.get('x-cortex-log-open')).toBe('true');

    const rest = await gateway.request('GET', `${path}?offset=3`);
    expect(Buffer.from(await rest.arrayBuffer())).toEqual(Buffer.from('grüße\n').subarray(3));
  });

  it('says that more may come until the worker has left, also after the end of its job', async () => {
    const id = await submit();
    gateway.queries.workerLogs.set(`${id}/0`, 'going\n');
    const isOpen = async (): Promise<string | null> =>
      (await gateway.request('GET', `/v1/jobs/${id}/workers/0/log`)).headers.get(
        'x-cortex-log-open',
      );
    await gateway.completeJob('sum', id);
    expect(await isOpen()).toBe('true');

    const event = workerStateChanged({ jobId: jobId(id), state: 'succeeded' });
    const fact = { id: 'left', at: new Date().toISOString(), event };
    const lane = { kind: 'worker', apiName: apiName('sum'), jobId: jobId(id) } as const;
    await gateway.store.record(lane, [fact]);
    expect(await isOpen()).toBe('false');
  });

  it('does not find workers that there are not, nor read from offsets that are none', async () => {
    const id = await submit();
    for (const worker of ['1', '-1', 'x', '*']) {
      expect(await ask('GET', `/v1/jobs/${id}/workers/${worker}/log`)).toMatchObject({
        status: 404,
        body: { kind: 'worker.log_not_found' },
      });
    }
    expect(await ask('GET', '/v1/jobs/x/workers/0/log')).toMatchObject({ status: 404 });
    expect(await ask('GET', `/v1/jobs/${id}/workers/0/log?offset=-1`)).toMatchObject({
      status: 400,
    });
  });
});
