import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { batchesEnqueued, batchFailed, batchSucceeded } from '#test/support/batch.builders.ts';
import { CommandLine } from '#test/support/command-line.ts';
import { TestGateway } from '#test/support/gateway.ts';
import { A_JOB, aJobSubmitted, enqueuingCompleted } from '#test/support/job.builders.ts';
import { writeHistory } from '#test/support/sealed-log.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';

const API = apiName('sum');
const JOB = { apiName: API, jobId: A_JOB };
const PUBLIC_URL = 'https://batch.example.com';
const AT = '2026-11-23T10:00:00.000Z';

let source: TestGateway;
let target: TestGateway;
let cli: CommandLine;

beforeAll(async () => {
  source = await TestGateway.start({ publicUrl: PUBLIC_URL });
  cli = await CommandLine.create();
  const events = [
    anApiDeployed({ apiName: API }),
    aJobSubmitted({ jobId: A_JOB, apiName: API }),
    batchesEnqueued({ jobId: A_JOB, batchCount: 3, itemCount: 3 }),
    enqueuingCompleted({ jobId: A_JOB }),
    workerStateChanged({ jobId: A_JOB, state: 'running' }),
    batchSucceeded({ jobId: A_JOB, index: 0 }),
    batchFailed({ jobId: A_JOB, index: 1 }),
  ];
  await writeHistory(
    source.store,
    JOB,
    events.map((event) => ({ event, at: AT })),
    3,
  );
  cli.env = { CORTEX_URL: source.url };
  await cli.run('audit', 'export', '--out', 'log.ndjson.gz');
  await cli.run('audit', 'export', '--out', 'log.ndjson');
});
afterAll(async () => {
  await cli.remove();
  await source.stop();
});

beforeEach(async () => {
  target = await TestGateway.start({ publicUrl: PUBLIC_URL, isReadOnly: true });
  cli.env = { CORTEX_URL: target.url };
});
afterEach(() => target.stop());

const answersOf = async (gateway: TestGateway): Promise<string[]> => {
  const last = await source.store.lastPosition();
  const moments = await Promise.all(
    Array.from({ length: last }, async (_, place) => {
      const moment = await source.store.momentAt(place + 1);
      return [`at=${place + 1}`, `at=${moment?.storedAt ?? ''}`];
    }),
  );
  const job = `/v1/jobs/${A_JOB}`;
  const reads = [job, '/v1/jobs', `${job}/workers`, `${job}/batches`].flatMap((path) => [
    path,
    ...moments.flat().map((at) => `${path}?${at}`),
  ]);
  const paths = [...reads, `${job}/events`, `${job}/events?after=4`, '/v1/apis', '/v1/apis/sum'];
  return Promise.all(
    paths.map(async (path) => `${path} ${await (await gateway.request('GET', path)).text()}`),
  );
};

describe('cortex audit import', () => {
  it('makes a platform that answers byte for byte the same, at every moment', async () => {
    const { code, stdout } = await cli.run('audit', 'import', 'log.ndjson.gz');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'imported 9 events\n' });
    const answers = await answersOf(target);
    expect(answers.length).toBeGreaterThan(70);
    expect(answers).toEqual(await answersOf(source));
    expect(await cli.run('audit', 'verify')).toMatchObject({ code: 0 });
  });

  it('refuses a log that is not empty', async () => {
    await cli.run('audit', 'import', 'log.ndjson');
    const { code, stderr } = await cli.run('audit', 'import', 'log.ndjson');
    expect(code).toBe(1);
    expect(stderr).toContain('the log is not empty');
  });

  it('refuses an export of a part, and one that is not verified, before anything is written', async () => {
    cli.env = { CORTEX_URL: source.url };
    await cli.run('audit', 'export', '--job', A_JOB, '--out', 'job.ndjson');
    const text = await readFile(join(cli.folder, 'log.ndjson'), 'utf8');
    await cli.writeFile('changed.ndjson', text.replace('"index":0', '"index":2'));
    cli.env = { CORTEX_URL: target.url };
    const part = await cli.run('audit', 'import', 'job.ndjson');
    expect(part.stderr).toContain('only one of a whole log can be imported');
    const changed = await cli.run('audit', 'import', 'changed.ndjson');
    expect(changed).toMatchObject({ code: 1 });
    expect(changed.stderr).toContain(
      'changed.ndjson is not verified, nothing was imported: line 8',
    );
    const body = await readFile(join(cli.folder, 'changed.ndjson'));
    const byHand = await target.request('POST', '/v1/audit/import', { body });
    expect(byHand.status).toBe(400);
    expect(await byHand.json()).toMatchObject({ kind: 'audit.not_verified' });
  });

  it('is refused by a platform that runs jobs', async () => {
    cli.env = { CORTEX_URL: source.url };
    const { code, stderr } = await cli.run('audit', 'import', 'log.ndjson');
    expect(code).toBe(1);
    expect(stderr).toContain('npm start -- --read-only');
  });
});

describe('a platform that only reads', () => {
  it.each([
    ['PUT', '/v1/apis'],
    ['POST', '/sum'],
    ['DELETE', `/sum?jobID=${A_JOB}`],
    ['DELETE', '/v1/apis/sum'],
    ['POST', `/v1/jobs/${A_JOB}/redrive`],
  ])('refuses %s %s', async (method, path) => {
    const refused = await target.request(method, path, {
      ...(method !== 'DELETE' && { body: 'x' }),
    });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ kind: 'platform.read_only' });
  });

  it('is ready with what answers', async () => {
    target.queries.silentServices.add('scheduler').add('enqueuer');
    expect((await target.request('GET', '/readyz')).status).toBe(200);
    source.queries.silentServices.add('scheduler');
    expect((await source.request('GET', '/readyz')).status).toBe(503);
  });
});
