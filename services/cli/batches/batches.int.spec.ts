import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BatchPage } from '#libs/client/gateway-documents.ts';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, runningJob } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.showJob(runningJob);
});
afterEach(() => cli.remove());

const path = `GET /v1/jobs/${JOB_ID}/batches`;
const failed: BatchPage['batches'][number] = {
  index: 3,
  outcome: 'dead_lettered',
  items: { first: 30, count: 10 },
  attempt_count: 2,
  attempts: [
    { attempt: 1, worker_id: '0', duration_seconds: 1, reason: { kind: 'x', message: 'first' } },
    { attempt: 2, worker_id: '1', duration_seconds: 0.25, reason: { kind: 'x', message: 'a\nb' } },
  ],
};
const untried: BatchPage['batches'][number] = {
  index: 12,
  outcome: 'remaining',
  items: { first: 120, count: null },
  attempt_count: 0,
  attempts: [],
};

describe('cortex batches', () => {
  it('prints a line for each batch with the last attempt at it', async () => {
    const batches = [failed, untried];
    cli.gateway.on(`${path}?limit=200`, { body: { batches, next_cursor: null } });
    const { stdout } = await cli.run('batches', 'hello-world', JOB_ID);
    expect(`\n${stdout}`).toBe(`
batch   outcome         items   attempts   worker   duration   reason
3       dead-lettered   30-39   2          1        250ms      a
12      remaining       120-?   0          -        -          -
`);
  });

  it('asks for outcomes, page after page, as they were', async () => {
    const query = '?outcome=failed%2Cdead_lettered';
    const pages = [
      { batches: [failed], next_cursor: '3' },
      { batches: [untried], next_cursor: null },
    ];
    cli.gateway.on(`GET /v1/jobs/${JOB_ID}?at=9`, {
      body: { job_status: runningJob, endpoint: '', api_spec: {} },
    });
    cli.gateway.on(`${path}${query}&at=9&limit=200`, { body: pages[0] });
    cli.gateway.on(`${path}${query}&cursor=3&at=9&limit=200`, { body: pages[1] });
    const options = ['--outcome', 'failed,dead_lettered', '--at', '9', '-o', 'json'];
    const { stdout } = await cli.run('batches', 'hello-world', JOB_ID, ...options);
    expect(stdout).toBe(pages.map((page) => `${JSON.stringify(page)}\n`).join(''));
  });
});
