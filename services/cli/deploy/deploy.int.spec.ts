import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
});
afterEach(() => cli.remove());

describe('cortex deploy', () => {
  const created = { body: [{ message: 'created a (BatchAPI)' }, { message: 'b is up to date' }] };

  it('sends the folder of a function handler', async () => {
    cli.gateway.on('PUT /v1/apis', created);
    await cli.writeFile('cortex.yaml', '- {name: a, handler: {type: node, path: h.js}}');
    await cli.writeFile('h.js', 'export default class {}');
    const { code, stdout, stderr } = await cli.run('deploy');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'created a (BatchAPI)\nb is up to date\n',
    });
    expect(stderr).toMatch(/^sending 1 file of .* \(\d+ B\)\n$/);
    const body = cli.gateway.received.at(-1)?.body.toString('latin1') ?? '';
    expect(body.match(/name="(\w+)"; filename="([\w.]+)"/g)).toEqual([
      'name="config"; filename="cortex.yaml"',
      'name="code"; filename="code.tar.gz"',
    ]);
  });

  it('sends only the configuration when told so, or when it needs no more', async () => {
    cli.gateway.on('PUT /v1/apis', created);
    await cli.writeFile('a.yaml', '- {name: a, handler: {type: node, path: h.js}}');
    await cli.writeFile('b.yaml', '- {pod: {containers: [{command: [date]}]}}');
    for (const args of [['a.yaml', '--no-code'], ['b.yaml']]) {
      expect((await cli.run('deploy', ...args)).code).toBe(0);
      expect(cli.gateway.received.at(-1)?.body.toString()).not.toContain('code.tar.gz');
    }
  });

  it('sends nothing when the handler is not there', async () => {
    await cli.writeFile('cortex.yaml', '- {name: a, handler: {type: node, path: h.js}}');
    const { code, stderr } = await cli.run('deploy');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: cortex.yaml: a: handler.path: there is no h.js in /);
    expect(cli.gateway.received).toEqual([]);
  });
});
