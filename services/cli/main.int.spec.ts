import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { freePort } from '#test/support/free-port.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('the command line', () => {
  it.each(['get', 'deploy', 'submit', 'delete', 'logs'])(
    'explains %s with examples',
    async (name) => {
      const { code, stdout } = await cli.run(name, '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Usage: cortex ${name}.*--url.*--output.*Examples:`, 's'));
    },
  );

  it('knows its version', async () => {
    expect((await cli.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['get', '--frob'], "unknown option '--frob'"],
    [['get', '-o', 'yaml'], "'yaml' is invalid"],
    [['submit', 'hello-world'], "required option '-f, --file <file>' not specified"],
    [['get', 'hello-world', '--watch'], '--watch follows one job'],
    [['get', '--url', 'localhost:8888'], '"localhost:8888" is not the address of a gateway'],
    [['logs', 'hello-world'], 'job id is required for hello-world'],
  ])('ends with 2 for %j', async (args, message) => {
    const { code, stdout, stderr } = await cli.run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(message);
  });

  it('ends with 1 and what the gateway says when it refuses', async () => {
    cli.gateway.on('GET /v1/apis/absent', {
      status: 404,
      body: { kind: 'api.not_found', message: 'absent is not deployed' },
    });
    expect(await cli.run('get', 'absent')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: absent is not deployed\n',
    });
  });

  it('ends with 1 and advice when the gateway is not there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await cli.run('get', '--url', url);
    expect(code).toBe(1);
    expect(stderr).toMatch(`error: cannot reach the gateway at ${url}`);
    expect(stderr).toMatch('npm start');
  });
});
