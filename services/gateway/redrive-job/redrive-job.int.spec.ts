import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobQueueKey } from '#libs/batch-queue/batch-queue.port.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { itemsKeyOf } from '#test/support/job.builders.ts';
import { aQueueArn } from '#test/support/queue.builders.ts';
import { deadLettersDocument, redrivenJobDocument } from '../openapi/documents.schema.ts';

const config = '{"threshold":9007199254740993}';

let gateway: TestGateway;
let arn: string;
let parent: JobQueueKey;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.stop());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(method: string, path: string, body?: string): Promise<Answer> {
  const response = await gateway.request(method, path, body === undefined ? {} : { body });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Answer['body'] };
}

const submit = async (changes: object = {}): Promise<JobQueueKey> => {
  const body = aSubmission({ workers: 3, timeout: 60, ...changes }).replace('"CONFIG"', config);
  const { job_id: id } = (await ask('POST', '/sum', body)).body;
  return { apiName: apiName('sum'), jobId: jobId(String(id)) };
};

const giveUpOn = (index: number, items: string, job = parent): Promise<void> =>
  gateway.letters.deadLetter(job, arn, {
    index,
    attempt: 2,
    payload: Buffer.from(items),
    reason: { kind: 'handler.status', message: `batch ${index} failed` },
  });

const listed = (query = ''): Promise<Answer> =>
  ask('GET', `/v1/jobs/${parent.jobId}/dead-letters${query}`);
const redrive = (body?: string): Promise<Answer> =>
  ask('POST', `/v1/jobs/${parent.jobId}/redrive`, body);

const itemsOf = async (id: unknown): Promise<string> => {
  const [submitted] = await gateway.eventsOf('sum', String(id));
  return Buffer.from((await gateway.blobs.get(itemsKeyOf(submitted))) ?? []).toString();
};

beforeEach(async () => {
  await gateway.deploy();
  arn = aQueueArn();
  const deadLetterQueue = { arn, max_receive_count: 2 };
  parent = await submit({ config: 'CONFIG', sqs_dead_letter_queue: deadLetterQueue });
});

const endParent = (): Promise<void> => gateway.completeJob('sum', parent.jobId);

describe('GET /v1/jobs/<id>/dead-letters', () => {
  it('lists batches by index with what became of them', async () => {
    await giveUpOn(4, '[9,10]');
    await giveUpOn(0, '[1,2]');
    const { status, body } = await listed();
    expect(status).toBe(200);
    expect(deadLettersDocument.parse(body)).toEqual({
      dead_letter_queue: { arn, max_receive_count: 2 },
      dead_letters: [0, 4].map((index) => ({
        batch_id: `${parent.jobId}-${index}`,
        index,
        attempt: 2,
        reason: { kind: 'handler.status', message: `batch ${index} failed` },
        item_count: 2,
        size_bytes: index === 0 ? 5 : 6,
      })),
      has_more: false,
    });
  });

  it('includes the items as they were sent when asked to', async () => {
    await giveUpOn(0, '[9007199254740993, {"b":1,"a":"ü"}]');
    expect((await listed('?payload=true')).text).toContain(
      '"payload":[9007199254740993, {"b":1,"a":"ü"}]',
    );
  });

  it('shows what somebody else put there without taking it for items', async () => {
    await giveUpOn(0, 'hello');
    const { body } = await listed('?payload=true');
    expect(body['dead_letters']).toMatchObject([{ item_count: null, size_bytes: 5 }]);
  });

  it('is empty for a job without a dead-letter queue', async () => {
    parent = await submit();
    expect(await listed()).toMatchObject({
      status: 200,
      body: { dead_letter_queue: null, dead_letters: [], has_more: false },
    });
  });

  it('is not found for a job that is not there', async () => {
    expect(await ask('GET', '/v1/jobs/00000000000000aa/dead-letters')).toMatchObject({
      status: 404,
      body: { kind: 'job.not_found' },
    });
  });
});

describe('POST /v1/jobs/<id>/redrive', () => {
  it('submits the items of all letters as a job that is otherwise its parent', async () => {
    await giveUpOn(4, '[9]');
    await giveUpOn(1, '[3, 9007199254740993]');
    await endParent();

    const { status, body, text } = await redrive();

    expect({ status, body: redrivenJobDocument.parse(body) }).toMatchObject({
      status: 200,
      body: {
        api_name: 'sum',
        workers: 3,
        timeout: 60,
        sqs_dead_letter_queue: { arn, max_receive_count: 2 },
        parent_job_id: parent.jobId,
        redriven_batch_count: 2,
        has_more: false,
      },
    });
    expect(text).toContain(`"config":${config}`);
    expect(await itemsOf(body['job_id'])).toBe('[3, 9007199254740993,9]');
    const [submitted] = await gateway.eventsOf('sum', String(body['job_id']));
    expect(submitted).toMatchObject({
      data: { source: { itemCount: 3, batchSizeItems: 2 }, parentJobId: parent.jobId },
    });
    expect((await listed()).body['dead_letters']).toEqual([]);
    const { text: statusText } = await ask('GET', `/v1/jobs/${String(body['job_id'])}`);
    expect(statusText).toContain(`"parent_job_id":"${parent.jobId}"`);
  });

  it('takes another number of workers', async () => {
    await giveUpOn(0, '[1,2]');
    await endParent();
    expect((await redrive('{"workers":7}')).body).toMatchObject({ workers: 7 });
  });

  it.each([
    ['{"workers":0}', 'field.too_small', 'workers: must be greater than or equal to 1 (got 0)'],
    ['{"workers":"2"}', 'field.wrong_type', 'workers: must be'],
    ['[]', 'field.wrong_type', 'must be'],
    ['{', 'json.malformed', ''],
  ])('refuses the body %s', async (body, kind, message) => {
    const answer = await redrive(body);
    expect(answer).toMatchObject({ status: 400, body: { kind } });
    expect(answer.body['message']).toContain(message);
  });

  it('runs under the newest deployment', async () => {
    await giveUpOn(0, '[1,2]');
    await endParent();
    await gateway.deploy({ pod: { containers: [{ name: 'api', command: ['true', arn] }] } });
    const { api_id: apiId } = (await redrive()).body;
    const details = (await ask('GET', '/v1/apis/sum')).body as { spec: { id: string } };
    expect(apiId).toBe(details.spec.id);
  });

  it('refuses a job that has not ended, and touches nothing', async () => {
    await giveUpOn(0, '[1,2]');
    expect(await redrive()).toMatchObject({ status: 409, body: { kind: 'job.not_ended' } });
    expect((await listed()).body['dead_letters']).toHaveLength(1);
  });

  it('refuses a job without dead letters, or without a queue for them', async () => {
    await endParent();
    expect(await redrive()).toMatchObject({ status: 409, body: { kind: 'dead_letters.none' } });
    parent = await submit();
    await endParent();
    expect(await redrive()).toMatchObject({
      status: 409,
      body: { kind: 'dead_letter_queue.none' },
    });
  });

  it('leaves what is no batch where it is', async () => {
    await giveUpOn(0, 'hello');
    await giveUpOn(1, '[1]');
    await endParent();
    expect((await redrive()).body).toMatchObject({ redriven_batch_count: 1 });
    expect((await listed()).body['dead_letters']).toMatchObject([{ index: 0 }]);
  });

  it('is not found for a job or an API that is not there', async () => {
    await giveUpOn(0, '[1]');
    await endParent();
    expect(await ask('POST', '/v1/jobs/00000000000000aa/redrive')).toMatchObject({ status: 404 });
    await ask('DELETE', '/v1/apis/sum');
    expect(await redrive()).toMatchObject({ status: 404, body: { kind: 'api.not_deployed' } });
  });
});

const jobsOfApi = async (): Promise<number> => {
  const { jobs } = (await ask('GET', '/v1/jobs?api=sum')).body;
  return (jobs as unknown[]).length;
};

/** Fails the removal after so many letters. */
const failRemovalAfter = (count: number): (() => void) => {
  const { letters } = gateway;
  const remove = letters.removeDeadLetters.bind(letters);
  letters.removeDeadLetters = async (key, queue, doomed) => {
    await remove(key, queue, doomed.slice(0, count));
    throw new Error('the process died');
  };
  return () => (letters.removeDeadLetters = remove);
};

describe('a redrive that was interrupted', () => {
  beforeEach(async () => {
    await giveUpOn(0, '[1,2]');
    await giveUpOn(1, '[3]');
    await giveUpOn(2, '[4]');
    await endParent();
  });

  it.each([0, 1, 2, 3])('after %d letters were removed finds its job again', async (count) => {
    const restore = failRemovalAfter(count);
    expect((await redrive()).status).toBe(500);
    restore();
    const jobCount = await jobsOfApi();

    const { status, body } = await redrive();

    expect({ status, body }).toMatchObject({
      status: 200,
      body: { redriven_batch_count: 3, parent_job_id: parent.jobId },
    });
    expect(await jobsOfApi()).toBe(jobCount);
    expect(await itemsOf(body['job_id'])).toBe('[1,2,3,4]');
    expect((await listed()).body['dead_letters']).toEqual([]);
    expect(await redrive()).toMatchObject({ status: 409, body: { kind: 'dead_letters.none' } });
  });

  it('before its job was in the log makes it the next time', async () => {
    const jobCount = await jobsOfApi();
    gateway.store.failAppendsOf = { type: 'JobSubmitted', after: false };
    expect((await redrive()).status).toBe(503);
    gateway.store.failAppendsOf = null;
    expect((await listed()).body['dead_letters']).toHaveLength(3);

    const { body } = await redrive();

    expect(await jobsOfApi()).toBe(jobCount + 1);
    expect(await itemsOf(body['job_id'])).toBe('[1,2,3,4]');
  });

  it('leaves letters alone that were not a part of it', async () => {
    const restore = failRemovalAfter(2);
    await redrive();
    restore();
    await giveUpOn(7, '[8]');

    expect((await redrive()).body).toMatchObject({ redriven_batch_count: 3, has_more: true });
    expect((await listed()).body['dead_letters']).toMatchObject([{ index: 7 }]);
    expect((await redrive()).body).toMatchObject({ redriven_batch_count: 1, has_more: false });
  });

  it('does not keep anybody from redriving when its letters are gone and it made no job', async () => {
    gateway.store.failAppendsOf = { type: 'JobSubmitted', after: false };
    await redrive();
    gateway.store.failAppendsOf = null;
    const { letters } = await gateway.letters.readDeadLetters(parent, arn, 1000);
    await gateway.letters.removeDeadLetters(parent, arn, letters.slice(0, 1));
    expect((await redrive()).body).toMatchObject({ redriven_batch_count: 2 });
  });
});
