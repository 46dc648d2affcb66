import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { helloWorld, JOB_ID } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('cortex delete', () => {
  it('stops a job through the endpoint of its API', async () => {
    cli.gateway
      .on('GET /v1/apis/hello-world', { body: helloWorld })
      .on(`DELETE /hello-world?jobID=${JOB_ID}`, { body: { message: `stopped job ${JOB_ID}` } });
    expect((await cli.run('delete', 'hello-world', JOB_ID)).stdout).toBe(`stopped job ${JOB_ID}\n`);
  });

  it('deletes an API', async () => {
    cli.gateway.on('DELETE /v1/apis/hello-world', { body: { message: 'deleting hello-world' } });
    const { stdout } = await cli.run('delete', 'hello-world', '-o', 'json');
    expect(stdout).toBe('{"message":"deleting hello-world"}\n');
  });
});
