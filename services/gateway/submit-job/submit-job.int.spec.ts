import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { jobDocument } from '../openapi/documents.schema.ts';
import { itemsKeyOf } from '#test/support/job.builders.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
});
afterAll(() => gateway.stop());

const post = (body: string, path = '/sum', headers: Record<string, string> = {}) =>
  gateway.request('POST', path, { body, headers });

interface JobAnswer {
  readonly job_id: string;
  readonly created_time: string;
}

const submitted = async (response: Response): Promise<JobAnswer> => {
  expect(response.status).toBe(200);
  return (await response.json()) as JobAnswer;
};

const deadLetterQueue = {
  arn: 'arn:aws:sqs:us-west-2:123456789:failed.fifo',
  max_receive_count: 3,
};

describe('POST <endpoint>', () => {
  it('answers with the job, members that were not given being null', async () => {
    const response = await post(aSubmission());

    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const job = jobDocument.strict().parse(await submitted(response));
    expect(job).toMatchObject({
      api_name: 'sum',
      kind: 'BatchAPI',
      workers: 1,
      config: null,
      timeout: null,
      sqs_dead_letter_queue: null,
      sqs_url: `nats://queue/batches.sum.${job.job_id}`,
    });
    expect(job.created_time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('answers with everything that was given', async () => {
    const job = await submitted(
      await post(
        aSubmission({
          timeout: 60,
          config: { a: { b: [1] } },
          sqs_dead_letter_queue: deadLetterQueue,
        }),
      ),
    );
    expect(job).toMatchObject({
      timeout: 60,
      config: { a: { b: [1] } },
      sqs_dead_letter_queue: deadLetterQueue,
    });
  });

  it('keeps items and config byte for byte', async () => {
    const itemList = '[ 9007199254740993, {"b":1,"a":2},\n"ü" ,"\\u00fc", 1.50,null ]';
    const config = '{"n": 9007199254740993, "2":1,"1":{"x":[1e400]}}';
    const body = `{"config": ${config} ,"workers":1,"item_list":{"batch_size":4,"items":${itemList}}}`;
    const response = await post(body);
    const text = await response.clone().text();
    const { job_id: id } = await submitted(response);

    expect(text).toContain(`"config":${config}`);
    const [event] = await gateway.eventsOf('sum', id);
    expect(event).toMatchObject({
      type: 'JobSubmitted',
      data: { config: { text: config }, source: { itemCount: 6, batchSizeItems: 4 } },
    });
    const key = itemsKeyOf(event);
    expect(Buffer.from((await gateway.blobs.get(key)) ?? []).toString()).toBe(itemList);
    const status = await gateway.request('GET', `/sum?jobID=${id}`);
    expect(await status.text()).toContain(`"config":${config}`);
  });

  it('lets the last of repeated members count', async () => {
    const body =
      '{"workers":1,"item_list":{"items":[1],"batch_size":1},"workers":2,"item_list":{"items":[1,2],"batch_size":1,"items":[3]}}';
    const { job_id: id, ...job } = await submitted(await post(body));
    expect(job).toMatchObject({ workers: 2 });
    const [event] = await gateway.eventsOf('sum', id);
    expect(event).toMatchObject({ data: { source: { itemCount: 1 } } });
  });

  it('is found by a GET right after it', async () => {
    const { job_id: id, created_time: createdTime } = await submitted(await post(aSubmission()));
    const status = await (await gateway.request('GET', `/sum?jobID=${id}`)).json();
    expect(status).toMatchObject({ job_status: { job_id: id, created_time: createdTime } });
  });

  it('gives newer jobs ids that sort first', async () => {
    const ids = [];
    for (let n = 0; n < 20; n++) ids.push((await submitted(await post(aSubmission()))).job_id);
    expect(ids.toSorted().toReversed()).toEqual(ids);
    expect(new Set(ids).size).toBe(20);
  });

  it('ignores unknown members, and members that are null', async () => {
    const nulls = {
      delimited_files: null,
      timeout: null,
      config: null,
      sqs_dead_letter_queue: null,
    };
    await submitted(await post(aSubmission({ unknown: 1, ...nulls })));
  });

  it('takes over a valid traceparent and leaves out any other', async () => {
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    for (const [traceparent, recorded] of [
      [valid, valid],
      ['00-00000000000000000000000000000000-b7ad6b7169203331-01', null],
      ['hello', null],
    ] as const) {
      const { job_id: id } = await submitted(await post(aSubmission(), '/sum', { traceparent }));
      expect(await gateway.eventsOf('sum', id)).toMatchObject([
        { data: { traceparent: recorded } },
      ]);
    }
  });

  it('takes any content type, as the original does', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    await submitted(await post(aSubmission(), '/sum', type));
  });
});

describe('POST <endpoint>?dryRun=true', () => {
  it.each(['true', '1', 't', 'T', 'TRUE', 'True'])(
    'answers "validations passed" to dryRun=%s and creates nothing',
    async (value) => {
      const before = await gateway.eventCount();
      const response = await post(aSubmission(), `/sum?dryRun=${value}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch('text/plain');
      expect(await response.text()).toBe('validations passed');
      expect(await gateway.eventCount()).toBe(before);
    },
  );

  it('answers in JSON when asked to', async () => {
    const accept = { accept: 'application/json' };
    const response = await post(aSubmission(), '/sum?dryRun=true', accept);
    expect(await response.json()).toEqual({ item_count: 3, batch_count: 2 });
  });

  it('submits when the value means false', async () => {
    await submitted(await post(aSubmission(), '/sum?dryRun=no'));
  });

  it('refuses what a submission would be refused for', async () => {
    const response = await post(aSubmission({ workers: 0 }), '/sum?dryRun=true');
    expect(response.status).toBe(400);
  });
});
