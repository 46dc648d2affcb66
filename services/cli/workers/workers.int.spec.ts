import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WorkerPage } from '#libs/client/gateway-documents.ts';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, runningJob } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.showJob(runningJob);
});
afterEach(() => cli.remove());

const path = `GET /v1/jobs/${JOB_ID}/workers`;
const running: WorkerPage['workers'][number] = {
  worker_id: '0',
  state: 'running',
  since: '2021-06-10T12:00:01.000Z',
  reason: null,
  restarts: 0,
  batches_done: 12,
};
const waiting: WorkerPage['workers'][number] = {
  worker_id: '1',
  state: 'stalled',
  since: '2021-06-10T12:05:00.000Z',
  reason: { kind: 'worker.no_slot', message: 'waits for a slot\nand some more' },
  restarts: 3,
  batches_done: 0,
};

describe('cortex workers', () => {
  it('prints a line for each worker, of all pages', async () => {
    cli.gateway.on(path, { body: { workers: [running], next_cursor: '0' } });
    cli.gateway.on(`${path}?cursor=0`, { body: { workers: [waiting], next_cursor: null } });
    const { code, stdout } = await cli.run('workers', 'hello-world', JOB_ID);
    expect(code).toBe(0);
    expect(`\n${stdout}`).toBe(`
worker   state     since                    restarts   batches done   reason
0        running   10 Jun 21 12:00:01 UTC   0          12             -
1        stalled   10 Jun 21 12:05:00 UTC   3          0              waits for a slot
`);
  });

  it('prints JSON as the gateway sent it, a page a line', async () => {
    const pages = [
      { workers: [running], next_cursor: '0' },
      { workers: [waiting], next_cursor: null },
    ];
    cli.gateway.on(path, { body: pages[0] });
    cli.gateway.on(`${path}?cursor=0`, { body: pages[1] });
    const { stdout } = await cli.run('workers', 'hello-world', JOB_ID, '-o', 'json');
    expect(stdout).toBe(pages.map((page) => `${JSON.stringify(page)}\n`).join(''));
  });

  it('says whose job it is when it is not of that API', async () => {
    const { code, stderr } = await cli.run('workers', 'other', JOB_ID);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: job ${JOB_ID} belongs to hello-world: cortex workers hello-world ${JOB_ID}\n`,
    );
  });
});
