import { afterEach, beforeEach, describe, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';

const GUARD = join(import.meta.dirname, 'container-guard.ts');
const FLAGS = ['--experimental-transform-types', '--no-warnings', '--input-type=module'];

describe('the guard of a worker', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-guard-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const left = (): number => processesWith(folder).length;

  /** A worker that starts a handler, says what `says` does to `guard` and dies by SIGKILL. */
  const workerThat = (says: string): Promise<void> =>
    new Promise((resolve) => {
      const script = `
        import { spawn } from 'node:child_process';
        import { ContainerGuard } from ${JSON.stringify(GUARD)};
        const guard = new ContainerGuard(${JSON.stringify(folder)});
        const start = () => {
          const env = { ...process.env, ...guard.env };
          const args = ['-e', 'setInterval(() => {}, 1000)', ${JSON.stringify(folder)}];
          return spawn(process.execPath, args, { detached: true, stdio: 'ignore', env }).pid;
        };
        ${says}
        process.kill(process.pid, 'SIGKILL');`;
      execFile(process.execPath, [...FLAGS, '-e', script], () => resolve());
    });

  it.each([
    ['it has said what it started', 'guard.starting(); guard.started(start());'],
    ['it has only said that it starts something', 'guard.starting(); start();'],
    [
      'it has ended one, and starts another',
      `guard.starting(); const first = start(); guard.started(first); process.kill(-first, 'SIGKILL');
       guard.ended(first); guard.starting(); start();`,
    ],
  ])('leaves nothing when the worker is killed: %s', async (_, says) => {
    await workerThat(says);
    await until('every process to end', () => left() === 0);
  });

  it('ends with a worker that could not start anything', async () => {
    await workerThat('guard.starting(); guard.ended(0);');
    await until('the guard to end', () => left() === 0);
  });
});
