import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type { WorkerEvent } from '#libs/domain/worker/worker.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { batchFailed, batchSucceeded } from '#test/support/batch.builders.ts';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { until } from '#test/support/until.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { eventPageDocument } from '../openapi/documents.schema.ts';

let gateway: TestGateway;
let job: string;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
  job = await submit();
});
afterEach(() => gateway.stop());

async function submit(changes: object = {}): Promise<string> {
  const response = await gateway.request('POST', '/sum', { body: aSubmission(changes) });
  return ((await response.json()) as { job_id: string }).job_id;
}

const recordBatch = (event: BatchEvent): Promise<void> => {
  const lane = { kind: 'batch', apiName: apiName('sum'), jobId: jobId(job) } as const;
  const at = new Date().toISOString();
  return gateway.store.record(lane, [{ id: eventId(event), at, event }]);
};
const recordWorker = (event: WorkerEvent): Promise<void> => {
  const lane = { kind: 'worker', apiName: apiName('sum'), jobId: jobId(job) } as const;
  const at = new Date().toISOString();
  return gateway.store.record(lane, [{ id: eventId(event), at, event }]);
};
const succeed = (index: number): Promise<void> =>
  recordBatch(batchSucceeded({ jobId: jobId(job), index }));
const fail = (index: number): Promise<void> =>
  recordBatch(batchFailed({ jobId: jobId(job), index }));
const work = (state: 'running' | 'succeeded'): Promise<void> =>
  recordWorker(workerStateChanged({ jobId: jobId(job), state }));

const ask = async (query = '', of = job): Promise<{ status: number; body: unknown }> => {
  const response = await gateway.request('GET', `/v1/jobs/${of}/events${query}`);
  return { status: response.status, body: await response.json() };
};
const page = async (query = '') => {
  const { events, next_after: nextAfter } = eventPageDocument.parse((await ask(query)).body);
  const types = events.map(({ type }) => type.replace(/^dev\.cortex\.batch\.|\.v\d+$/g, ''));
  return { events, nextAfter, types };
};

/** An open `text/event-stream`. */
async function openStream(query = '', headers: Readonly<Record<string, string>> = {}) {
  const response = await gateway.request('GET', `/v1/jobs/${job}/events${query}`, {
    headers: { accept: 'text/event-stream', ...headers },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  /** Reads on until `isEnough`, or the end of the stream; gives the ids and names of its messages. */
  const readUntil = async (
    isEnough: (messages: readonly string[]) => boolean,
  ): Promise<string[]> => {
    for (;;) {
      const messages = text.split('\n\n').flatMap((part) => {
        const named = /^event: (.*)$/m.exec(part) ?? /"type":"dev\.cortex\.batch\.(\w+)/.exec(part);
        return named?.[1] === undefined ? [] : [named[1]];
      });
      if (isEnough(messages)) return messages;
      const next = await reader?.read();
      if (next === undefined || next.done) return messages;
      text += next.value;
    }
  };
  return {
    response,
    text: () => text,
    readUntil,
    end: () => readUntil(() => false),
  };
}

const since = (minutes: number): string =>
  `?after=${new Date(Date.now() + minutes * 60_000).toISOString()}`;

describe('GET /v1/jobs/<id>/events', () => {
  it('gives what the log holds of the job as CloudEvents, in its order', async () => {
    await succeed(0);
    await gateway.completeJob('sum', job);
    const { events, nextAfter, types } = await page();
    expect(types).toEqual(['JobSubmitted', 'BatchSucceeded', 'JobCompleted']);
    expect(nextAfter).toBeNull();
    expect(events[1]).toEqual({
      specversion: '1.0',
      id: `${job}-0.BatchSucceeded.1`,
      source: '/apis/sum',
      subject: `jobs/${job}`,
      type: 'dev.cortex.batch.BatchSucceeded.v1',
      time: expect.any(String),
      datacontenttype: 'application/json',
      position: '3',
      data: { jobId: job, index: 0, attempt: 1, workerId: '0', durationUs: 1_000_000 },
    });
  });

  it("keeps the submitter's numbers", async () => {
    const body =
      '{"workers":1,"config":{"n":9007199254740993},"item_list":{"items":[1],"batch_size":1}}';
    const submitted = await gateway.request('POST', '/sum', { body });
    const { job_id: id } = (await submitted.json()) as { job_id: string };
    const answer = await gateway.request('GET', `/v1/jobs/${id}/events`);
    expect(await answer.text()).toContain('"config":{"n":9007199254740993}');
  });

  it('goes on page after page, also of some types only', async () => {
    for (const index of [0, 1, 2]) await succeed(index);
    for (const index of [3, 4]) await fail(index);
    const first = await page('?limit=4');
    expect(first.types).toHaveLength(4);
    const second = await page(`?limit=4&after=${first.nextAfter}`);
    expect([second.types, second.nextAfter]).toEqual([['BatchFailed', 'BatchFailed'], null]);
    const failed = await page('?type=BatchFailed,JobSubmitted&limit=2');
    expect(failed.types).toEqual(['JobSubmitted', 'BatchFailed']);
    expect((await page(`?type=BatchFailed&after=${failed.nextAfter}`)).events).toMatchObject([
      { data: { index: 4 } },
    ]);
  });

  it('starts behind a time', async () => {
    expect((await page(since(-1))).types).toEqual(['JobSubmitted']);
    expect((await page(since(1))).types).toEqual([]);
  });

  it.each([
    ['?type=BatchLost', 'query param type: must be "JobSubmitted" or'],
    ['?limit=0', 'query param limit: must be greater than or equal to 1 (got 0)'],
    [
      '?after=yesterday',
      'query param after: must be a time (RFC 3339, with + written as %2B) or a',
    ],
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

describe('GET /v1/jobs/<id>/events as text/event-stream', () => {
  it('sends events as they come, until the job has ended and its workers have left', async () => {
    const { queries } = gateway;
    const listWorkers = queries.listWorkers.bind(queries);
    let answeredCount = 0;
    queries.listWorkers = async (query) => {
      const answer = await listWorkers(query);
      answeredCount += 1;
      return answer;
    };
    const stream = await openStream();
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await stream.readUntil((seen) => seen.includes('JobSubmitted'));
    await work('running');
    await succeed(0);
    await stream.readUntil((seen) => seen.includes('BatchSucceeded'));
    await gateway.completeJob('sum', job);
    await stream.readUntil((seen) => seen.includes('JobCompleted'));
    await until('the workers to be asked about', () => answeredCount > 0);
    await ask(); // Time in which the stream would end, if it did not wait for the worker.
    await work('succeeded');
    expect(await stream.end()).toEqual([
      'JobSubmitted',
      'WorkerStateChanged',
      'BatchSucceeded',
      'JobCompleted',
      'WorkerStateChanged',
      'end',
    ]);
  });

  it('resumes behind Last-Event-ID, which wins over the URL', async () => {
    await succeed(0);
    await succeed(1);
    await gateway.completeJob('sum', job);
    const whole = await openStream();
    await whole.end();
    const ids = [...whole.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => id ?? '');
    expect(ids).toHaveLength(4);
    for (const [place, id] of ids.entries()) {
      const rest = await openStream('?after=0', { 'last-event-id': id });
      await rest.end();
      const resumed = [...rest.text().matchAll(/^id: (\d+)$/gm)].map(([, later]) => later);
      expect(resumed).toEqual(ids.slice(place + 1));
    }
  });

  it('sends some types only', async () => {
    await succeed(0);
    await fail(1);
    await gateway.completeJob('sum', job);
    expect(await (await openStream('?type=BatchFailed')).end()).toEqual(['BatchFailed', 'end']);
  });

  it('is cut without `end` when the gateway stops, so that clients resume elsewhere', async () => {
    const stream = await openStream();
    await stream.readUntil((seen) => seen.includes('JobSubmitted'));
    await gateway.stop();
    expect(await stream.end()).toEqual(['JobSubmitted']);
  });

  it('goes on for others when a client leaves', async () => {
    const staying = await openStream();
    // `fetch` would open another connection in the place of one that is cut.
    const leaving = get(`${gateway.url}/v1/jobs/${job}/events`, {
      headers: { accept: 'text/event-stream' },
    });
    const [response] = (await once(leaving, 'response')) as [IncomingMessage];
    await once(response, 'data');
    leaving.destroy();
    await gateway.completeJob('sum', job);
    expect((await staying.end()).at(-1)).toBe('end');
  });
});
