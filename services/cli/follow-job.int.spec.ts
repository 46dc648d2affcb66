import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import {
  failedJob,
  JOB_ID,
  pendingJob,
  runningJob,
  succeededJob,
} from '#test/support/gateway-answers.ts';
import { RecordedGateway } from '#test/support/recorded-gateway.ts';
import { until } from '#test/support/until.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('following a job', () => {
  it('ends with 0 when it succeeds, and says how it got there', async () => {
    cli.showJob(pendingJob, runningJob, succeededJob);
    expect(await cli.run('get', 'hello-world', JOB_ID, '--watch')).toEqual({
      code: 0,
      stdout: `${JOB_ID} succeeded: 100 of 100 batches succeeded, in 12.3s\n`,
      stderr: 'pending: 0/0 batches\n',
    });
  });

  it('ends with 1 when it does not, and says why', async () => {
    cli.showJob(runningJob, failedJob);
    const { code, stdout } = await cli.run('get', 'hello-world', JOB_ID, '--watch');
    expect(code).toBe(1);
    expect(stdout).toMatch(/ timed out: 12 of 100 .*\nreason: the job ran for longer/);
  });

  it('goes on when the gateway is away for a while', async () => {
    cli.showJob(runningJob);
    const { port } = cli.gateway;
    const { ended, output } = cli.start('get', 'hello-world', JOB_ID, '--watch');
    await until('the first line', () => output.stderr !== '');
    await cli.gateway.stop();
    cli.gateway = await RecordedGateway.start(port);
    cli.gateway.on(`GET /v1/jobs/${JOB_ID}`, {
      status: 503,
      body: { kind: 'unavailable', message: 'not now' },
    });
    await until('a refusal', () => cli.gateway.received.length > 0);
    cli.showJob(succeededJob);
    expect((await ended).code).toBe(0);
  });

  it('leaves the job alone on Ctrl-C, and says how to stop it', async () => {
    cli.showJob(runningJob);
    const { child, ended, output } = cli.start('get', 'hello-world', JOB_ID, '--watch');
    await until('the first line', () => output.stderr !== '');
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain(
      `the job goes on; stop it with \`cortex delete hello-world ${JOB_ID}\``,
    );
    expect(cli.gateway.received.every(({ method }) => method === 'GET')).toBe(true);
  });
});
