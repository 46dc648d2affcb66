import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { root, sourceFiles } from './source-files.ts';
import { variablesOf } from './env-example.ts';

/** Variables of programs that are no service, and of docker-compose.yml, which have no schema. */
const OF_PROGRAMS = ['CORTEX_URL', 'CORTEX_BIND'];

/** Variables by the `*.config.ts` whose exported zod object declares them. */
async function readVariables(): Promise<ReadonlyMap<string, readonly string[]>> {
  const files = sourceFiles().filter(({ path }) => /^services\/.*\.config\.ts$/.test(path));
  const variables = new Map<string, readonly string[]>();
  for (const { path } of files) {
    const exported = (await import(join(root, path))) as Record<string, unknown>;
    const schemas = Object.values(exported).filter((value) => value instanceof z.ZodObject);
    variables.set(
      path,
      schemas.flatMap((schema) => Object.keys(schema.shape)),
    );
  }
  return variables;
}

describe('.env.example', () => {
  const listed = variablesOf(readFileSync(join(root, '.env.example'), 'utf8'));

  let declared: ReadonlyMap<string, readonly string[]>;
  beforeAll(async () => {
    declared = await readVariables();
  });

  it('can be checked: every configuration exports its schema', () => {
    expect([...declared].filter(([, names]) => names.length === 0)).toEqual([]);
  });

  it('lists every variable that a service reads', () => {
    expect([...declared.values()].flat().filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('lists no variable that nobody reads, and none twice', () => {
    const known = new Set([...[...declared.values()].flat(), ...OF_PROGRAMS]);
    expect(listed.filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  it('is understood whether a variable is set in it or commented out', () => {
    expect(variablesOf('# About ports.\nPORT=1\n# HOST=x\nno=1\n#NATS_URL=y\n')).toEqual([
      'PORT',
      'HOST',
      'NATS_URL',
    ]);
  });
});
