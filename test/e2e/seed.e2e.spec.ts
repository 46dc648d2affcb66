import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { deployFolder } from '#test/support/deploy-folder.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { seedFilters } from '#test/support/seed-filters.ts';
import { isOfType, memberAt, seedMembers } from '#test/support/seed-shape.ts';

const API = 'recorder';
const IMAGES = ['img_1.png', 'img_2.jpg', 'img_3.jpg', 'img_4.gif'];
const ROWS = ['{"n":9007199254740993}', '{"b":1,"a":2}', '{"word":"für"}'];

/** What each way of giving a job its items says, and the items that handlers are then sent. */
const SOURCES = [
  {
    name: 'item_list',
    request: 'item-list.request.txt',
    source: { items: ['a', { b: 1 }, [2]], batch_size: 2 },
    items: '["a",{"b":1},[2]]',
  },
  {
    name: 'file_path_lister',
    request: 'file-path-lister.request.txt',
    source: {
      s3_paths: ['s3://bucket/images/'],
      includes: ['**.png', '**.jpg'],
      excludes: ['**_3.jpg'],
      batch_size: 2,
    },
    items: '["s3://bucket/images/img_1.png","s3://bucket/images/img_2.jpg"]',
  },
  {
    name: 'delimited_files',
    request: 'delimited-files.request.txt',
    source: {
      s3_paths: ['s3://bucket/rows/'],
      includes: ['**.jsonl'],
      excludes: ['**skip**'],
      batch_size: 2,
    },
    items: `[${ROWS.join(',')}]`,
  },
] as const;

/** Members that the description lists and the answer has not, or has with another type. */
const shapeProblems = (description: string, answer: unknown): string[] =>
  seedMembers(description)
    .filter((member) => {
      const value = memberAt(answer, member.path);
      return value === undefined ? !member.isOptional : !isOfType(value, member);
    })
    .map(({ path }) => path);

const submission = (name: string, source: object, changes: object = {}): object => ({
  workers: 1,
  [name]: source,
  ...changes,
});

describe.each(['jetstream', 'sqs'] as const)('the documented interface with QUEUE=%s', (queue) => {
  let aws: TestAwsServer;
  let platform: TestPlatform;
  let recording: Recording;
  let arn: string;

  beforeAll(async () => {
    aws = await TestAwsServer.start();
    await aws.createBucket('bucket');
    for (const name of IMAGES) await aws.put(`s3://bucket/images/${name}`, name);
    await aws.put('s3://bucket/rows/1.jsonl', `${ROWS[0]}\n`);
    await aws.put('s3://bucket/rows/2.jsonl', `${ROWS[1]}\r\n\n${ROWS[2]}`);
    await aws.put('s3://bucket/rows/skip.jsonl', '{}\n');
    arn = await makeDeadLetterQueue(aws);
    platform = await startPlatform({ env: { ...aws.env, QUEUE: queue } });
    recording = new Recording(join(platform.dataDir, 'records'));
    await platform.deploy(recording.api(API));
  }, 60_000);
  afterAll(async () => {
    await platform.stop();
    await aws.stop();
  });

  /** The payloads that the job's handlers were sent, by ascending batch. */
  const payloadsOf = (jobId: string): readonly string[] =>
    recording.batchCalls
      .filter(({ headers }) => headers['x-cortex-job-id'] === jobId)
      .map(({ headers, body }) => ({
        index: Number(headers['x-cortex-batch-id']?.split('-').at(-1)),
        payload: body.toString(),
      }))
      .toSorted((a, b) => a.index - b.index)
      .map(({ payload }) => payload);
  const dryRun = (body: object) => platform.ask(`/${API}?dryRun=true`, { method: 'POST', body });

  describe.each(SOURCES)('a job of $name', ({ name, request, source, items }) => {
    it('takes every field and answers with every member', async () => {
      const body = submission(name, source, {
        timeout: 600,
        sqs_dead_letter_queue: { arn, max_receive_count: 2 },
        config: { string: { nested: 1 } },
      });
      const unsent = seedMembers(request).filter(({ path }) => memberAt(body, path) === undefined);
      expect(unsent).toEqual([]);
      recording.hold('hold-batches');
      const job = await platform.submit(API, body);
      expect(shapeProblems('submit-job.response.txt', job)).toEqual([]);

      const address = { api: API, jobId: job.job_id };
      await platform.waitForJob(address, (status) => status.worker_counts?.['running'] === 1);
      const running = await platform.askJson(`/${API}?jobID=${job.job_id}`);
      recording.letGo('hold-batches');
      expect(await platform.waitForJob(address)).toMatchObject({ status: 'succeeded' });
      const ended = await platform.askJson<Record<string, object>>(`/${API}?jobID=${job.job_id}`);
      // `worker_counts` is there only while the job runs, `end_time` only afterwards.
      const workerCounts = memberAt(running, 'job_status.worker_counts');
      const both = {
        ...ended,
        job_status: { ...ended['job_status'], worker_counts: workerCounts },
      };
      expect(shapeProblems('job-status.response.txt', both)).toEqual([]);
      expect(memberAt(ended, 'job_status.end_time')).toEqual(expect.any(String));

      const payloads = payloadsOf(job.job_id);
      expect(payloads.map((payload) => (JSON.parse(payload) as unknown[]).length)).toEqual(
        items === SOURCES[1].items ? [2] : [2, 1],
      );
      expect(`[${payloads.map((payload) => payload.slice(1, -1)).join(',')}]`).toBe(items);
    });

    it('is only checked by a dry run', async () => {
      const { text } = await dryRun(submission(name, source));
      expect(text.split('\n').at(-1)).toBe('validations passed');
    });
  });

  it.each(seedFilters())('selects files: $name', async ({ selection, files }) => {
    const body = submission('file_path_lister', { ...selection, batch_size: 10 });
    const { text } = await dryRun(body);
    expect(text).toBe(`${files.map((file) => `${file}\n`).join('')}validations passed`);

    const { job_id: jobId } = await platform.submit(API, body);
    expect(await platform.waitForJob({ api: API, jobId })).toMatchObject({ status: 'succeeded' });
    expect(payloadsOf(jobId)).toEqual([JSON.stringify(files)]);
  });

  it('moves a batch that fails max_receive_count times to the dead-letter queue', async () => {
    const { job_id: jobId } = await platform.submit(
      API,
      submission(
        'item_list',
        { items: ['fail', 'ok'], batch_size: 1 },
        { sqs_dead_letter_queue: { arn, max_receive_count: 2 } },
      ),
    );
    expect(await platform.waitForJob({ api: API, jobId })).toMatchObject({
      status: 'completed_with_failures',
      batch_metrics: { succeeded: 1, failed: 2 },
      batch_counts: { succeeded: 1, dead_lettered: 1, remaining: 0 },
    });
  });

  it('stops a job', async () => {
    recording.hold('hold-batches');
    const { job_id: jobId } = await platform.submit(
      API,
      submission('item_list', { items: [1, 2, 3], batch_size: 1 }),
    );
    await platform.waitForJob({ api: API, jobId }, (status) => status.worker_counts !== undefined);
    expect(await platform.stopJob(API, jobId)).toEqual({ message: `stopped job ${jobId}` });
    recording.letGo('hold-batches');
    expect(await platform.waitForJob({ api: API, jobId })).toMatchObject({ status: 'stopped' });
  });

  it('gives the handler the job specification as a file', async () => {
    const code = join(platform.dataDir, 'code');
    const out = join(platform.dataDir, 'spec.json');
    mkdirSync(code, { recursive: true });
    writeFileSync(
      join(code, 'handler.mjs'),
      `import { copyFileSync } from 'node:fs';
       export default class Handler {
         handleBatch() { copyFileSync(process.env.CORTEX_JOB_SPEC, ${JSON.stringify(out)}); }
       }`,
    );
    const handler = { type: 'node', path: 'handler.mjs' };
    await deployFolder(platform, code, [{ name: 'copier', kind: 'BatchAPI', handler }]);
    const job = await platform.submit(
      'copier',
      submission('item_list', { items: [1], batch_size: 1 }, { config: { string: 'x' } }),
    );
    await platform.waitForJob({ api: 'copier', jobId: job.job_id });
    const { created_time: _time, ...answered } = job;
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject(answered);
  });
});

async function makeDeadLetterQueue({ sqs }: TestAwsServer): Promise<string> {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'failed.fifo', Attributes: { FifoQueue: 'true' } }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  return Attributes?.['QueueArn'] ?? '';
}
