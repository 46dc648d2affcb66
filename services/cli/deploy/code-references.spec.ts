import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkHandlerFiles, namesCodeIn, readCodeReferences } from './code-references.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-cli-'));
  await writeFile(join(folder, 'server.js'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const needsCode = (config: string): boolean => namesCodeIn(folder, readCodeReferences(config));
const command = (words: string): string =>
  `- {name: a, kind: BatchAPI, pod: {containers: [{name: c, command: ${words}}]}}`;

describe('the folder is sent', () => {
  it('for a handler that is a function', () => {
    expect(needsCode('- {name: a, handler: {type: python, path: handler.py}}')).toBe(true);
  });

  it.each(['[node, server.js]', '[node, ./server.js]', '[sh, -c, "exec node server.js"]'])(
    'for the command %s, which names a file in it',
    (words) => {
      expect(needsCode(command(words))).toBe(true);
    },
  );

  it('for arguments that name a file in it', () => {
    expect(needsCode('- {pod: {containers: [{command: [node], args: [server.js]}]}}')).toBe(true);
  });

  it('for one API among others that do not need it', () => {
    expect(needsCode(`${command('[date]')}\n${command('[node, server.js]')}`)).toBe(true);
  });
});

describe('the folder is not sent', () => {
  it.each(['[python, -m, http.server]', '[/server.js]', '[node, ../server.js]', '[node, ""]'])(
    'for the command %s',
    (words) => {
      expect(needsCode(command(words))).toBe(false);
    },
  );

  it.each(['', 'name: a', '- 1', '- {pod: 1}', '- {pod: {containers: [{command: node}]}}', '[{'])(
    'for the configuration `%s`, which the gateway will refuse',
    (config) => {
      expect(needsCode(config)).toBe(false);
    },
  );
});

describe('a handler file', () => {
  const references = readCodeReferences('- {name: a, handler: {type: node, path: ./server.js}}');
  const check = (files: readonly string[]): void =>
    checkHandlerFiles(references, files, { folder, configFile: 'cortex.yaml' });

  it('may be written with ./', () => {
    expect(() => check(['server.js'])).not.toThrow();
  });

  it('has to be among what is sent', () => {
    expect(() => check(['other.js'])).toThrow(
      'cortex.yaml: a: handler.path: ./server.js is left out by .cortexignore',
    );
  });

  it('has to exist', async () => {
    await rm(join(folder, 'server.js'));
    expect(() => check([])).toThrow(`handler.path: there is no ./server.js in ${folder}`);
  });
});
