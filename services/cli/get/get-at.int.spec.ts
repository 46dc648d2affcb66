import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, jobDetails, pendingJob, runningJob } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.showJob(runningJob);
});
afterEach(() => cli.remove());

const path = `GET /v1/jobs/${JOB_ID}`;

describe('cortex get --at', () => {
  it('shows a job as it was, with its duration then', async () => {
    const time = '2021-06-10T12:00:42.000Z';
    cli.gateway.on(`${path}?at=${encodeURIComponent(time)}`, { body: jobDetails(pendingJob) });
    const { code, stdout } = await cli.run('get', 'hello-world', JOB_ID, '--at', time);
    expect(code).toBe(0);
    expect(stdout).toContain('status: pending');
    expect(stdout).toContain('duration:   42s');
  });

  it('takes a position, whose time it looks up', async () => {
    cli.gateway.on(`${path}?at=17`, { body: jobDetails(pendingJob) });
    const event = { type: 'x.v1', time: '2021-06-10T12:00:07.000Z', position: '17', data: {} };
    cli.gateway.on(`${path}/events?after=16&limit=1000`, {
      body: { events: [event], next_after: null },
    });
    const { stdout } = await cli.run('get', 'hello-world', JOB_ID, '--at', '17');
    expect(stdout).toContain('duration:   7s');
  });

  it.each([[['hello-world']], [['hello-world', JOB_ID, '--watch']]])(
    'is not for %p',
    async (args) => {
      const { code, stderr } = await cli.run('get', ...args, '--at', '17');
      expect(code).toBe(2);
      expect(stderr).toContain('--at shows one job as it was: cortex get API JOB --at 10:31:05');
    },
  );

  it('shows workers as they were', async () => {
    cli.gateway.on(`${path}?at=17`, { body: jobDetails(pendingJob) });
    cli.gateway.on(`${path}/workers?at=17`, { body: { workers: [], next_cursor: null } });
    const { code } = await cli.run('workers', 'hello-world', JOB_ID, '--at', '17');
    expect(code).toBe(0);
  });
});
