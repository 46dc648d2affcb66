import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployFolder } from '#test/support/deploy-folder.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { isOfType, memberAt, seedMembers } from '#test/support/seed-shape.ts';

let platform: TestPlatform;
let recording: Recording;

beforeAll(async () => {
  platform = await startPlatform();
  recording = new Recording(join(platform.dataDir, 'records'));
  await platform.deploy(recording.api('recorder'));
});
afterAll(() => platform.stop());

const itemsOf = (calls: Recording['batchCalls'], jobId: string): string[] =>
  calls
    .filter(({ headers }) => headers['x-cortex-job-id'] === jobId)
    .flatMap(({ body }) => JSON.parse(body.toString()) as string[])
    .sort();

/** Members that the interface's description lists and the answer has not, or has with another type. */
const shapeProblems = (description: string, answer: unknown): string[] =>
  seedMembers(description)
    .filter((member) => {
      const value = memberAt(answer, member.path);
      return value === undefined ? !member.isOptional : !isOfType(value, member);
    })
    .map(({ path }) => path);

describe('a job of items in the request', () => {
  it('reaches the handler byte for byte', async () => {
    const items = '[9007199254740993, {"b":1,"a":2}, "ü", null]';
    const { job_id: jobId } = await platform.submit(
      'recorder',
      `{"workers":1,"item_list":{"items":${items},"batch_size":4}}`,
    );

    expect((await platform.waitForJob({ api: 'recorder', jobId })).status).toBe('succeeded');
    const call = recording.batchCalls.find(({ headers }) => headers['x-cortex-job-id'] === jobId);
    expect(call?.body.toString()).toBe('[9007199254740993,{"b":1,"a":2},"ü",null]');
    expect(call?.method).toBe('POST');
    expect(call?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-cortex-batch-id': `${jobId}-0`,
      'x-cortex-attempt': '1',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/),
    });
  });

  it('is handled completely by several workers, and its completion is announced once', async () => {
    const items = Array.from({ length: 995 }, (_, n) => `item ${n}`);
    const { job_id: jobId } = await platform.submit('recorder', {
      workers: 3,
      item_list: { items, batch_size: 10 },
    });

    const status = await platform.waitForJob({ api: 'recorder', jobId });

    expect(status).toMatchObject({
      status: 'succeeded',
      total_batch_count: 100,
      batches_in_queue: 0,
      batch_metrics: { succeeded: 100, failed: 0 },
    });
    expect(itemsOf(recording.batchCalls, jobId)).toEqual(items.sort());
    const completions = recording.completionCalls.filter(
      ({ headers }) => headers['x-cortex-job-id'] === jobId,
    );
    expect(completions.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      {
        message: 'job_complete',
        total_batch_count: 100,
        succeeded: 100,
        failed: 0,
        dead_lettered: 0,
      },
    ]);
  });

  it('answers with every member of the documented responses', async () => {
    recording.hold('hold-batches');
    const job = await platform.submit('recorder', {
      workers: 2,
      timeout: 600,
      config: { nested: { big: 1 } },
      sqs_dead_letter_queue: {
        arn: 'arn:aws:sqs:us-west-2:123456789:failed.fifo',
        max_receive_count: 3,
      },
      item_list: { items: [1, 2, 3], batch_size: 1 },
    });
    expect(shapeProblems('submit-job.response.txt', job)).toEqual([]);

    const address = { api: 'recorder', jobId: job.job_id };
    await platform.waitForJob(address, (status) => status.worker_counts?.['running'] === 2);
    recording.letGo('hold-batches');
    const running = await platform.askJson(`/recorder?jobID=${job.job_id}`);
    expect(running).toMatchObject({ job_status: { kind: 'BatchAPI' } });

    await platform.waitForJob(address);
    const ended = await platform.askJson<Record<string, object>>(`/recorder?jobID=${job.job_id}`);
    // `worker_counts` is there only while the job runs, `end_time` only afterwards.
    const { worker_counts } = (running as { job_status: { worker_counts: object } }).job_status;
    const both = { ...ended, job_status: { ...ended['job_status'], worker_counts } };
    expect(shapeProblems('job-status.response.txt', both)).toEqual([]);
  });

  it('keeps numbers and nested objects of config as they were sent', async () => {
    const config = '{"big":9007199254740993,"2":"two","1":{"deep":[1.10,-0]}}';
    const body = `{"workers":1,"item_list":{"items":[1],"batch_size":1},"config":${config}}`;
    const answer = await platform.ask('/recorder', { method: 'POST', body });
    expect(answer.text).toContain(`"config":${config}`);

    const { job_id: jobId } = JSON.parse(answer.text) as { job_id: string };
    await platform.waitForJob({ api: 'recorder', jobId });
    const status = await platform.ask(`/recorder?jobID=${jobId}`);
    expect(status.text).toContain(`"config":${config}`);
  });

  it('ends completed_with_failures when the handler refuses a batch', async () => {
    const { job_id: jobId } = await platform.submit('recorder', {
      workers: 2,
      item_list: { items: ['ok', 'fail', 'ok', 'fail'], batch_size: 1 },
    });

    const status = await platform.waitForJob({ api: 'recorder', jobId });

    expect(status).toMatchObject({
      status: 'completed_with_failures',
      batch_metrics: { succeeded: 2, failed: 2 },
      batch_counts: { enqueued: 4, succeeded: 2, failed: 2, remaining: 0 },
    });
  });

  it('offers a failed batch again when there is a dead-letter queue', async () => {
    const { job_id: jobId } = await platform.submit('recorder', {
      workers: 1,
      sqs_dead_letter_queue: { arn: 'arn:aws:sqs:eu-west-1:1:failed', max_receive_count: 2 },
      item_list: { items: ['fail-first', 'fail'], batch_size: 1 },
    });

    const status = await platform.waitForJob({ api: 'recorder', jobId });

    expect(status).toMatchObject({
      status: 'completed_with_failures',
      batch_metrics: { succeeded: 1, failed: 3 },
      batch_counts: { succeeded: 1, failed: 0, dead_lettered: 1 },
    });
  });
});

describe('function handlers', () => {
  const pythonHandler = `
import json, os
class Handler:
    def __init__(self, config, job_spec):
        self.folder = config["folder"]
    def handle_batch(self, payload, batch_id):
        with open(os.path.join(self.folder, batch_id + ".json"), "w") as out:
            json.dump(payload, out)
    def on_job_complete(self):
        open(os.path.join(self.folder, "complete"), "w").close()
`;
  const nodeHandler = `
import { writeFileSync } from 'node:fs';
export default class Handler {
  private readonly folder: string;
  constructor(config: { folder: string }) { this.folder = config.folder; }
  handleBatch(payload: unknown[], batchId: string): void {
    writeFileSync(this.folder + '/' + batchId + '.json', JSON.stringify(payload));
  }
  onJobComplete(): void { writeFileSync(this.folder + '/complete', ''); }
}
`;

  it.each([
    { type: 'python', file: 'handler.py', source: pythonHandler },
    { type: 'node', file: 'handler.ts', source: nodeHandler },
  ])('in $type run the job that a command handler runs', async ({ type, file, source }) => {
    const folder = join(platform.dataDir, `out-${type}`);
    const code = join(platform.dataDir, `code-${type}`);
    for (const path of [folder, code]) mkdirSync(path, { recursive: true });
    writeFileSync(join(code, file), source);
    const name = `by-${type}`;
    const config = [{ name, kind: 'BatchAPI', handler: { type, path: file } }];
    await deployFolder(platform, code, config);

    const { job_id: jobId } = await platform.submit(name, {
      workers: 2,
      config: { folder },
      item_list: { items: [1, 'two', [3], null], batch_size: 2 },
    });

    expect((await platform.waitForJob({ api: name, jobId })).status).toBe('succeeded');
    const handled = [0, 1].map((index) =>
      JSON.parse(readFileSync(join(folder, `${jobId}-${index}.json`), 'utf8')),
    );
    expect(handled).toEqual([
      [1, 'two'],
      [[3], null],
    ]);
    expect(readFileSync(join(folder, 'complete'), 'utf8')).toBe('');
  });

  it('shows what a handler printed as the log of its worker', async () => {
    const code = join(platform.dataDir, 'code-printing');
    mkdirSync(code, { recursive: true });
    writeFileSync(
      join(code, 'handler.py'),
      'class Handler:\n  def __init__(self, config): print("hello from the handler")\n' +
        '  def handle_batch(self, payload): print("batch of", len(payload))\n',
    );
    await deployFolder(platform, code, [
      { name: 'printing', kind: 'BatchAPI', handler: { type: 'python', path: 'handler.py' } },
    ]);
    const { job_id: jobId } = await platform.submit('printing', {
      workers: 1,
      item_list: { items: [1, 2, 3], batch_size: 3 },
    });
    await platform.waitForJob({ api: 'printing', jobId });

    const { text } = await platform.ask(`/v1/jobs/${jobId}/workers/0/log`);

    expect(text).toContain('hello from the handler\nbatch of 3\n');
  });
});
