import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { COMPILE_CACHE } from '#test/support/compile-cache.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

const SEED_COUNT = 2000;
/** A bug that is found later than that is found by luck. */
const PLANTED_SEED_COUNT = 1500;
const TIMEOUT_MS = 15 * 60_000; // For machines that do much else.

const ARGUMENTS = [
  '--conditions=source',
  '--experimental-transform-types',
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, 'main.ts'),
];

/** In a process of its own: a simulation takes over the timers of the threads that it runs in. */
function simulate(...options: string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...ARGUMENTS, ...options], {
    encoding: 'utf8',
    env: { ...process.env, ...COMPILE_CACHE, NODE_OPTIONS: '' },
  });
  return { code: status, output: stdout + stderr };
}

describe('the simulation', () => {
  it(
    'finds nothing wrong',
    () => {
      const { code, output } = simulate('--seeds', String(SEED_COUNT));
      expect(output).toContain(`${SEED_COUNT} seeds`);
      expect({ code, output }).toMatchObject({ code: 0 });
    },
    TIMEOUT_MS,
  );

  it('plays a seed the same way every time', () => {
    const [one, other] = [simulate('--seed', '3', '--trace'), simulate('--seed', '3', '--trace')];
    const steps = ({ output }: typeof one): string[] =>
      output.split('\n').filter((line) => !line.includes(' seeds in '));
    expect(one.output).toMatch(/^fingerprint \d{3,}-[0-9a-f]+$/m);
    expect(steps(one)).toEqual(steps(other));
  });

  it.each(Object.keys(PLANTED_BUGS))(
    'finds a planted bug, and prints its seed: %s',
    (bug) => {
      const seeds = String(PLANTED_SEED_COUNT);
      const { code, output } = simulate('--plant', bug, '--seeds', seeds, '--failures-max', '1');
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(output).toMatch(/^seed \d+ failed: /m);
      expect(output).toMatch(/^replay: npm run simulate -- --seed \d+ .*--trace$/m);
    },
    TIMEOUT_MS,
  );

  it('says which options there are, and what is wrong with one', () => {
    expect(simulate('--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining('--seeds'),
    });
    expect(simulate('--seeds', 'many').output).toContain('give a whole number');
    expect(simulate('--plant', 'none').output).toContain('acknowledge-before-record');
  });
});
