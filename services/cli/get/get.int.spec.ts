import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { helloWorld, JOB_ID, jobDetails, runningJob } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('cortex get', () => {
  it('prints a table without colours where no person watches', async () => {
    cli.gateway.on('GET /v1/apis/hello-world', { body: helloWorld });
    const { code, stdout, stderr } = await cli.run('get', 'hello-world');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^job id {13}status {4}progress .*\n69b183ed6bdf3e9b {3}running /);
    expect(stdout).not.toContain('\u001B');
  });

  it('prints JSON as the gateway sent it, on one line', async () => {
    const json = JSON.stringify(jobDetails(runningJob), null, 2);
    cli.gateway.on(`GET /v1/jobs/${JOB_ID}`, {
      body: json.replace('"config": null', '"config": 9007199254740993'),
    });
    const { stdout } = await cli.run('get', 'hello-world', JOB_ID, '-o', 'json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toContain('"config": 9007199254740993,');
    expect(JSON.parse(stdout)).toMatchObject({ job_status: { job_id: JOB_ID } });
  });

  it('says whose job it is when it is not of that API', async () => {
    cli.showJob(runningJob);
    const { code, stderr } = await cli.run('get', 'other', JOB_ID);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: job ${JOB_ID} belongs to hello-world: cortex get hello-world ${JOB_ID}\n`,
    );
  });
});
