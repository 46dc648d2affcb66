import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const loggerUrl = JSON.stringify(new URL('./logger.ts', import.meta.url).href);

/** Runs `statements` with a `logger` in a process of its own, because it writes to the real stderr. */
function run(level: string, statements: string): { stdout: string; lines: unknown[] } {
  const program = `
    import { createLogger } from ${loggerUrl};
    const logger = createLogger('gateway', '${level}');
    ${statements}
  `;
  const args = ['--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const lines = stderr.split('\n').filter((line) => line !== '');
  return { stdout, lines: lines.map((line): unknown => JSON.parse(line)) };
}

describe('createLogger', () => {
  it('writes one JSON line per entry to stderr, and nothing to stdout', () => {
    const { stdout, lines } = run('info', `logger.info({ jobId: 'a' }, 'up'); logger.warn('odd');`);
    expect(stdout).toBe('');
    expect(lines).toMatchObject([
      { service: 'gateway', jobId: 'a', msg: 'up', time: expect.stringMatching(/Z$/) },
      { service: 'gateway', msg: 'odd' },
    ]);
  });

  it('leaves out what is less severe than its level', () => {
    const { lines } = run('warn', `logger.debug('a'); logger.info('b'); logger.error('c');`);
    expect(lines).toMatchObject([{ msg: 'c' }]);
  });

  it('gives children their own facts', () => {
    const { lines } = run('info', `logger.child({ jobId: 'a' }).info('up');`);
    expect(lines).toMatchObject([{ jobId: 'a', msg: 'up' }]);
  });

  it('has written everything when the process ends in the next statement', () => {
    const { lines } = run(
      'info',
      `for (let n = 0; n < 500; n++) logger.info({ n }, 'line'); process.exit(1);`,
    );
    expect(lines).toHaveLength(500);
  });

  it('writes errors with their causes', () => {
    const { lines } = run(
      'info',
      `logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');`,
    );
    expect(lines).toMatchObject([{ err: { message: expect.stringContaining('inner') } }]);
  });
});
