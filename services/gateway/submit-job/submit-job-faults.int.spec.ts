import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
});
afterEach(() => gateway.stop());

const post = (body: string, key?: string) =>
  gateway.request('POST', '/sum', {
    body,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });

const idOf = async (response: Response): Promise<string> => {
  expect(response.status).toBe(200);
  return ((await response.json()) as { job_id: string }).job_id;
};

const jobIds = async (): Promise<readonly string[]> => {
  const page = (await (await gateway.request('GET', '/v1/jobs')).json()) as {
    jobs: { job_id: string }[];
  };
  return page.jobs.map(({ job_id: id }) => id);
};

const expectUnavailable = async (response: Response): Promise<void> => {
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await response.json()).toMatchObject({ kind: 'service.unavailable' });
};

describe('an Idempotency-Key', () => {
  it('makes one job of the same request sent twice', async () => {
    const first = await post(aSubmission(), 'k');
    const second = await post(aSubmission(), 'k');
    expect(await second.text()).toBe(await first.clone().text());
    expect(await jobIds()).toEqual([await idOf(first)]);
  });

  it('makes one job of the same request sent many times at once', async () => {
    const responses = await Promise.all(Array.from({ length: 5 }, () => post(aSubmission(), 'k')));
    const ids = new Set(await Promise.all(responses.map(idOf)));
    expect([...ids]).toEqual(await jobIds());
    expect(gateway.blobs.keys.size).toBe(1);
  });

  it('is refused with another body', async () => {
    const id = await idOf(await post(aSubmission(), 'k'));
    const response = await post(aSubmission({ workers: 2 }), 'k');
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ kind: 'idempotency_key.reused' });
    expect(await jobIds()).toEqual([id]);
  });

  it('makes another job with another key, and none of them without', async () => {
    const responses = [await post(aSubmission(), 'a'), await post(aSubmission(), 'b')];
    responses.push(await post(aSubmission()), await post(aSubmission()));
    expect(new Set(await Promise.all(responses.map(idOf))).size).toBe(4);
  });

  it('of one API is not that of another', async () => {
    await gateway.deploy({ name: 'other' });
    const id = await idOf(await post(aSubmission(), 'k'));
    const response = await gateway.request('POST', '/other', {
      body: aSubmission(),
      headers: { 'idempotency-key': 'k' },
    });
    expect(await idOf(response)).not.toBe(id);
  });

  it.each([
    ['is empty', ''],
    ['is longer than 255 characters', 'x'.repeat(256)],
  ])('is refused when it %s', async (_case, key) => {
    const response = await post(aSubmission(), key);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ kind: 'idempotency_key.invalid' });
  });

  it('completes with the claimed id what a crash left between claim and submission', async () => {
    gateway.blobs.isDown = true; // The claim is recorded, then the items cannot be stored.
    expect((await post(aSubmission(), 'k')).status).toBe(503);
    gateway.blobs.isDown = false;
    const id = await idOf(await post(aSubmission(), 'k'));
    expect(await idOf(await post(aSubmission(), 'k'))).toBe(id);
    expect(await jobIds()).toEqual([id]);
  });

  it('finds the job whose answer was lost after it was recorded', async () => {
    gateway.store.failAppendsOf = { type: 'JobSubmitted', after: true };
    expect((await post(aSubmission(), 'k')).status).toBe(503);
    gateway.store.failAppendsOf = null;
    const [recorded] = await jobIds();
    expect(await idOf(await post(aSubmission(), 'k'))).toBe(recorded);
  });
});

describe('a submission is answered 503 with Retry-After and nothing runs', () => {
  it('when the event store cannot be reached', async () => {
    gateway.store.failAppendsOf = { type: 'JobSubmitted', after: false };
    await expectUnavailable(await post(aSubmission()));
    expect(await jobIds()).toEqual([]);
  });

  it('when the object store cannot be reached', async () => {
    gateway.blobs.isDown = true;
    await expectUnavailable(await post(aSubmission()));
    expect(await jobIds()).toEqual([]);
  });

  it('when the status service does not answer', async () => {
    gateway.queries.isDown = true;
    await expectUnavailable(await post(aSubmission()));
    gateway.queries.isDown = false;
    expect(await jobIds()).toEqual([]);
  });
});
