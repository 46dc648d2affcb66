import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import {
  JOB_ID,
  jobDetails,
  pendingJob,
  runningJob,
  succeededJob,
} from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.gateway
    .on(`GET /v1/jobs/${JOB_ID}?at=5`, { body: jobDetails(pendingJob) })
    .on(`GET /v1/jobs/${JOB_ID}?at=9`, { body: jobDetails(runningJob) })
    .on(`GET /v1/jobs/${JOB_ID}`, { body: jobDetails(succeededJob) });
});
afterEach(() => cli.remove());

describe('cortex diff', () => {
  it('shows each member that changed between two moments', async () => {
    const moments = ['--from', '5', '--to', '9'];
    const { stdout } = await cli.run('diff', 'hello-world', JOB_ID, ...moments);
    expect(stdout.split('\n').map((line) => line.split(/ {3,}/))).toEqual([
      ['member', 'from', 'to'],
      ['status', 'pending', 'running'],
      ['batches_in_queue', '0', '88'],
      ['batch_metrics.succeeded', '0', '12'],
      ['batch_metrics.failed', '0', '2'],
      ['batch_metrics.avg_time_per_batch', '-', '1.234'],
      ['batch_counts.enqueued', '0', '100'],
      ['batch_counts.succeeded', '0', '12'],
      ['batch_counts.remaining', '0', '88'],
      ['total_batch_count', '-', '100'],
      [
        'worker_counts',
        '-',
        '{"pending":0,"initializing":0,"running":2,"succeeded":0,"failed":0,"stalled":0}',
      ],
      [''],
    ]);
  });

  it('compares with now when there is no end, also as JSON', async () => {
    const options = ['--from', '9', '-o', 'json'];
    const { stdout } = await cli.run('diff', 'hello-world', JOB_ID, ...options);
    expect(JSON.parse(stdout)).toMatchObject({
      changes: expect.arrayContaining([{ member: 'status', from: 'running', to: 'succeeded' }]),
    });
  });

  it('says that nothing changed', async () => {
    const moments = ['--from', '9', '--to', '9'];
    const { code, stdout, stderr } = await cli.run('diff', 'hello-world', JOB_ID, ...moments);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: 'nothing changed\n' });
  });
});
