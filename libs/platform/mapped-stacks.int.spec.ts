import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';

const PROGRAM = `
import { mapStacksWhenRead } from '${join(import.meta.dirname, 'mapped-stacks.ts')}';
mapStacksWhenRead();
type Reason = string;
function fail(reason: Reason): never {
  throw new RangeError(reason);
}
try {
  fail('too far');
} catch (error) {
  console.log((error as Error).stack);
}
`;

describe('stacks of a bundle', () => {
  let folder: string;
  const run = (): readonly string[] =>
    execFileSync(process.execPath, [join(folder, 'bundle.mjs')], { encoding: 'utf8' }).split('\n');

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'cortex-stacks-')));
    const source = join(folder, 'program.ts');
    writeFileSync(source, PROGRAM);
    buildSync({
      entryPoints: [source],
      outfile: join(folder, 'bundle.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      sourcemap: true,
      logLevel: 'silent',
    });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('name the places in the sources', () => {
    const [head, thrown, called] = run();
    expect(head).toBe('RangeError: too far');
    expect(thrown).toBe(`    at fail (${folder}/program.ts:6:9)`);
    expect(called).toBe(`    at ${folder}/program.ts:9:3`);
  });

  it.each([
    ['there is no map', () => rmSync(join(folder, 'bundle.mjs.map'))],
    ['the map is broken', () => writeFileSync(join(folder, 'bundle.mjs.map'), '{"version":')],
    [
      'the map does not have them',
      () =>
        writeFileSync(join(folder, 'bundle.mjs.map'), '{"version":3,"sources":[],"mappings":""}'),
    ],
  ])('name the places in the bundle when %s', (_, spoil) => {
    spoil();
    const [head, thrown] = run();
    expect(head).toBe('RangeError: too far');
    expect(thrown).toMatch(/^ {4}at fail \(file:\/\/.*\/bundle\.mjs:\d+:\d+\)$/);
  });
});
