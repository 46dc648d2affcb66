import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerAssignment } from '#libs/compute/worker-protocol.ts';
import { freePort } from '#test/support/free-port.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';
import { Containers } from './containers.ts';
import { readinessProbes, untilReady } from './readiness.ts';

const timing = {
  initial_delay_seconds: 0,
  timeout_seconds: 1,
  period_seconds: 1,
  success_threshold: 1,
  failure_threshold: 3,
};

describe('the containers of a worker', () => {
  let folder: string;
  let containers: Containers | null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-containers-'));
    containers = null;
  });

  afterEach(async () => {
    containers?.kill();
    await until('every process to end', () => processesWith(folder).length === 0);
    await rm(folder, { recursive: true });
  });

  const run = (script: string, env: Readonly<Record<string, string>> = {}): Containers => {
    const container: ContainerAssignment = {
      name: 'api',
      command: [process.execPath, '-e', script],
      env: { PATH: process.env['PATH'] ?? '', FOLDER: folder, ...env },
      cwd: folder,
      readinessProbe: null,
    };
    containers = new Containers([container], join(folder, 'logs/worker.log'));
    return containers;
  };

  it('writes all output to the log', async () => {
    const { ended } = run('console.log("out"); console.error("err"); process.exit(0)');
    expect(await ended).toMatchObject({
      kind: 'worker.container_exited',
      message: 'container "api" exited with code 0; its last output:\nout\nerr',
    });
    expect(await readFile(join(folder, 'logs/worker.log'), 'utf8')).toBe('out\nerr\n');
  });

  it('tells a handler that ran out of memory from one that broke', async () => {
    const { ended } = run(
      'console.error("FATAL ERROR: JavaScript heap out of memory"); process.abort()',
    );
    expect(await ended).toMatchObject({ kind: 'worker.oom' });
  });

  it('kills what does not end on SIGTERM, and what it has started', async () => {
    const stubborn = `
      process.on('SIGTERM', () => {});
      require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      console.log('up');
      setInterval(() => {}, 1000);`;
    const started = run(stubborn);
    await until('both processes', () => processesWith(folder).length === 2);

    await started.terminate();

    await until('both to end', () => processesWith(folder).length === 0);
    expect(await started.ended).toMatchObject({ message: expect.stringContaining('SIGKILL') });
  });

  it('is ready when the port is open and every probe passes', async () => {
    const port = await freePort();
    const script = `
      let asked = 0;
      require('node:http').createServer((request, response) => {
        response.statusCode = ++asked < 3 ? 503 : 200;
        console.log(response.statusCode);
        response.end();
      }).listen(Number(process.env.CORTEX_PORT), '127.0.0.1');`;
    run(script, { CORTEX_PORT: String(port) });
    const probe = { ...timing, success_threshold: 2, http_get: { port, path: '/up' } };

    await untilReady(readinessProbes([probe, null], port), new AbortController().signal);

    expect(await readFile(join(folder, 'logs/worker.log'), 'utf8')).toBe('503\n503\n200\n200\n');
  });

  it('stops waiting for a handler that is no longer wanted', async () => {
    const waiting = new AbortController();
    const ready = untilReady(readinessProbes([], await freePort()), waiting.signal);
    waiting.abort();
    await ready;
  });
});
