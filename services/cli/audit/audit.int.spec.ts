import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { CommandLine } from '#test/support/command-line.ts';
import { TestGateway } from '#test/support/gateway.ts';
import { A_JOB, aJobSubmitted, enqueuingCompleted } from '#test/support/job.builders.ts';
import { writeHistory } from '#test/support/sealed-log.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';

const API = apiName('sum');
const AT = '2026-11-23T10:00:00.000Z';

let gateway: TestGateway;
let cli: CommandLine;

beforeEach(async () => {
  gateway = await TestGateway.start();
  cli = await CommandLine.create();
  cli.env = { CORTEX_URL: gateway.url };
  const events = [
    anApiDeployed({ apiName: API }),
    aJobSubmitted({ jobId: A_JOB, apiName: API }),
    enqueuingCompleted({ jobId: A_JOB }),
    workerStateChanged({ jobId: A_JOB, state: 'running' }),
    batchSucceeded({ jobId: A_JOB, index: 0 }),
    batchSucceeded({ jobId: A_JOB, index: 1 }),
  ];
  const history = events.map((event) => ({ event, at: AT }));
  await writeHistory(gateway.store, { apiName: API, jobId: A_JOB }, history, 4);
});
afterEach(async () => {
  await cli.remove();
  await gateway.stop();
});

const textOf = (name: string): Promise<string> => readFile(join(cli.folder, name), 'utf8');

describe('cortex audit export', () => {
  it('prints the log, a CloudEvent a line', async () => {
    const { code, stdout } = await cli.run('audit', 'export');
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type.replace('dev.cortex.batch.', ''));
    expect({ code, types }).toEqual({
      code: 0,
      types: [
        'export.Started.v1',
        'ApiDeployed.v3',
        'JobSubmitted.v3',
        'EnqueuingCompleted.v2',
        'WorkerStateChanged.v1',
        'LogCheckpointed.v1',
        'BatchSucceeded.v1',
        'BatchSucceeded.v1',
        'export.Completed.v1',
      ],
    });
  });

  it('writes a packed file, and leaves no other', async () => {
    const { code, stderr } = await cli.run('audit', 'export', '--out', 'log.ndjson.gz');
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'log.ndjson.gz: 7 events\n' });
    const packed = await readFile(join(cli.folder, 'log.ndjson.gz'));
    expect(gunzipSync(packed).toString().trimEnd().split('\n')).toHaveLength(9);
    expect(await readdir(cli.folder)).toEqual(['log.ndjson.gz']);
  });

  it('refuses a job and an API that are not known', async () => {
    expect(await cli.run('audit', 'export', '--job', 'nope')).toMatchObject({ code: 1 });
    const { code, stderr } = await cli.run('audit', 'export', '--api', 'summ', '--out', 'x');
    expect(code).toBe(1);
    expect(stderr).toContain('there is no API summ');
    expect(await readdir(cli.folder)).toEqual([]);
  });
});

describe('cortex audit verify', () => {
  it('verifies the log of the platform, and says what is not covered yet', async () => {
    const { code, stdout } = await cli.run('audit', 'verify');
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 0,
      lines: [
        'events: 7, checkpoints: 1',
        expect.stringMatching(/^sealed up to position 4 by [0-9a-f]{64}$/),
        '2 events after the last checkpoint are not covered yet',
        'documents compared: 5',
        'verified',
        '',
      ],
    });
  });

  it('verifies a file, also later and without the platform', async () => {
    await cli.run('audit', 'export', '--out', 'log.ndjson.gz');
    await cli.run('audit', 'export', '--job', A_JOB, '--out', 'job.ndjson');
    await writeHistory(gateway.store, { apiName: API, jobId: A_JOB }, [
      { event: batchSucceeded({ jobId: A_JOB, index: 2 }), at: AT },
    ]);
    for (const file of ['log.ndjson.gz', 'job.ndjson']) {
      expect(await cli.run('audit', 'verify', file)).toMatchObject({ code: 0 });
    }
    await gateway.stop();
    const { code, stdout } = await cli.run('audit', 'verify', 'log.ndjson.gz', '--offline');
    expect(code).toBe(0);
    expect(stdout).not.toContain('documents');
  });

  it('names the event that was changed', async () => {
    await cli.run('audit', 'export', '--out', 'log.ndjson');
    const text = await textOf('log.ndjson');
    await cli.writeFile('log.ndjson', text.replace('"index":1', '"index":7'));
    const { code, stdout } = await cli.run('audit', 'verify', 'log.ndjson');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^line 8, position 7, event \S+BatchSucceeded\S+: the event is not what it was/,
    );
    expect(stdout).toContain('NOT verified');
  });

  it('names the job and the member that the platform answers otherwise', async () => {
    const original = gateway.queries.getJob.bind(gateway.queries);
    gateway.queries.getJob = async (query) => {
      const found = await original(query);
      if (found === null) return null;
      return {
        ...found,
        jobStatusJson: found.jobStatusJson.replace(/"workers":\d+/, '"workers":99'),
      };
    };
    const { code, stdout } = await cli.run('audit', 'verify', '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).problems).toMatchObject([
      { message: expect.stringMatching(new RegExp(`^job ${A_JOB}: .* first in workers$`)) },
    ]);
  });

  it.each([
    [['nothere.ndjson', '--offline'], 'cannot read nothere.ndjson'],
    [['--offline'], '--offline takes a file'],
    [['x.ndjson', '--live'], 'not both'],
  ])('takes %j for wrong usage', async (args, message) => {
    const { code, stderr } = await cli.run('audit', 'verify', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
