import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import {
  failedJob,
  helloWorld,
  JOB_ID,
  jobDetails,
  pendingJob,
  runningJob,
} from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('cortex submit', () => {
  const submission =
    '{ "workers": 1,\n "item_list": {"items": [9007199254740993], "batch_size": 1} }';
  beforeEach(() => {
    cli.gateway
      .on('GET /v1/apis/hello-world', { body: helloWorld })
      .on('POST /hello-world', { body: pendingJob });
  });

  it('sends a file byte for byte', async () => {
    await cli.writeFile('job.json', submission);
    const { code, stdout } = await cli.run('submit', 'hello-world', '-f', 'job.json');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `submitted job ${JOB_ID}\n` });
    expect(cli.gateway.received.at(-1)?.body.toString()).toBe(submission);
  });

  it('sends standard input, under an idempotency key', async () => {
    const args = ['submit', 'hello-world', '-f', '-', '--idempotency-key', 'nightly', '-o', 'json'];
    const { child, ended } = cli.start(...args);
    child.stdin.end(submission);
    expect((await ended).stdout).toBe(`${JSON.stringify(pendingJob)}\n`);
    expect(cli.gateway.received.at(-1)).toMatchObject({
      headers: { 'idempotency-key': 'nightly' },
      body: Buffer.from(submission),
    });
  });

  it('waits for the end when asked to', async () => {
    cli.showJob(runningJob, failedJob);
    await cli.writeFile('job.json', submission);
    const ended = await cli.run('submit', 'hello-world', '-f', 'job.json', '--wait', '-o', 'json');
    expect(ended.code).toBe(1);
    expect(ended.stdout).toBe(`${JSON.stringify(jobDetails(failedJob))}\n`);
    expect(ended.stderr).toMatch(`submitted job ${JOB_ID}\nrunning: 12/100 batches`);
  });

  it('says which file it cannot read', async () => {
    expect(await cli.run('submit', 'hello-world', '-f', 'absent.json')).toMatchObject({
      code: 1,
      stderr: 'error: cannot read absent.json: there is no such file\n',
    });
  });

  it('does not send more than the gateway takes', async () => {
    await cli.writeFile('job.json', Buffer.alloc(10 * 1024 * 1024 + 1, 0x20));
    const { code, stderr } = await cli.run('submit', 'hello-world', '-f', 'job.json');
    expect(code).toBe(1);
    expect(stderr).toMatch('the job is 10485761 bytes long, and at most 10485760 can be sent');
    expect(cli.gateway.received).toEqual([]);
  });
});
