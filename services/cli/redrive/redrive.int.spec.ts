import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { failedJob, JOB_ID, pendingJob, succeededJob } from '#test/support/gateway-answers.ts';

const NEW_ID = '69b183ed6bdf3e00';
const redriven = {
  ...pendingJob,
  job_id: NEW_ID,
  parent_job_id: JOB_ID,
  redriven_batch_count: 3,
  has_more: false,
};

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.showJob(failedJob);
  cli.gateway.on(`POST /v1/jobs/${JOB_ID}/redrive`, { body: redriven });
});
afterEach(() => cli.remove());

const sent = (): unknown => JSON.parse(cli.gateway.received.at(-1)?.body.toString() ?? '');

describe('cortex redrive', () => {
  it('submits the dead letters again', async () => {
    const { code, stdout } = await cli.run('redrive', 'hello-world', JOB_ID);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `submitted 3 batches of ${JOB_ID} again as job ${NEW_ID}\n`,
    });
    expect(sent()).toEqual({ workers: null });
  });

  it('takes a number of workers, and prints JSON as the gateway sent it', async () => {
    const args = ['redrive', 'hello-world', JOB_ID, '--workers', '7', '-o', 'json'];
    expect((await cli.run(...args)).stdout).toBe(`${JSON.stringify(redriven)}\n`);
    expect(sent()).toEqual({ workers: 7 });
  });

  it.each(['0', '-1', 'many', '1.5'])('refuses %s workers', async (count) => {
    const { code, stderr } = await cli.run('redrive', 'a', JOB_ID, `--workers=${count}`);
    expect(code).toBe(2);
    expect(stderr).toContain('must be a whole number, at least 1');
  });

  it('says that letters are left', async () => {
    cli.gateway.on(`POST /v1/jobs/${JOB_ID}/redrive`, { body: { ...redriven, has_more: true } });
    const { stderr } = await cli.run('redrive', 'hello-world', JOB_ID);
    expect(stderr).toContain(`more dead letters are left: cortex redrive hello-world ${JOB_ID}\n`);
  });

  it('waits for the end of the new job when asked to', async () => {
    cli.showJob({ ...succeededJob, job_id: NEW_ID });
    const { code, stdout } = await cli.run('redrive', 'hello-world', JOB_ID, '--wait');
    expect(code).toBe(0);
    expect(stdout).toContain(`${NEW_ID} succeeded: 100 of 100 batches succeeded`);
  });

  it('touches nothing of another API', async () => {
    const { code, stderr } = await cli.run('redrive', 'other', JOB_ID);
    expect(code).toBe(1);
    expect(stderr).toContain(`cortex redrive hello-world ${JOB_ID}`);
    expect(cli.gateway.received.map(({ method }) => method)).toEqual(['GET']);
  });
});
