import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, pendingJob, runningJob, succeededJob } from '#test/support/gateway-answers.ts';

const LOG_ROUTE = `GET /v1/jobs/${JOB_ID}/workers`;

const chunk = (text: string, offset: number, isOpen = false) => ({
  headers: {
    'x-cortex-next-offset': String(offset + text.length),
    'x-cortex-log-open': String(isOpen),
  },
  body: text,
});

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('cortex logs', () => {
  it('prints what all workers wrote, a line at a time', async () => {
    cli.showJob(succeededJob);
    cli.gateway
      .on(`${LOG_ROUTE}/0/log?offset=0`, chunk('first\nsec', 0))
      .on(`${LOG_ROUTE}/0/log?offset=9`, chunk('ond', 9))
      .on(`${LOG_ROUTE}/0/log?offset=12`, chunk('', 12));
    const { code, stdout } = await cli.run('logs', 'hello-world', JOB_ID);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'worker 0 | first\nworker 0 | second\n' });
  });

  it('prints what one worker wrote as it is', async () => {
    cli.showJob(succeededJob);
    cli.gateway
      .on(`${LOG_ROUTE}/1/log?offset=0`, chunk('no line end', 0))
      .on(`${LOG_ROUTE}/1/log?offset=11`, chunk('', 11));
    expect((await cli.run('logs', 'hello-world', JOB_ID, '1')).stdout).toBe('no line end');
  });

  it('says that there is nothing', async () => {
    cli.showJob(pendingJob);
    const { code, stderr } = await cli.run('logs', 'hello-world', JOB_ID);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'nothing has been written\n' });
  });

  it('follows until the job has ended and its workers have left', async () => {
    cli.showJob(runningJob, succeededJob);
    let asked = 0;
    cli.gateway
      // Twice nothing: while the job runs, and once more after its end.
      .on(`${LOG_ROUTE}/0/log?offset=0`, () => chunk(asked++ < 2 ? '' : 'late\n', 0, true))
      .on(`${LOG_ROUTE}/0/log?offset=5`, chunk('', 5));
    const { code, stdout } = await cli.run('logs', 'hello-world', JOB_ID, '0', '-f');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'late\n' });
  });

  it('knows which workers the job has', async () => {
    cli.showJob(runningJob);
    const { code, stderr } = await cli.run('logs', 'hello-world', JOB_ID, '2');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "error: the job's workers are 0 to 1 (got 2)\n",
    });
  });
});
