import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLogBytes } from '#libs/compute/local-process/read-log.ts';
import { logPartsIn } from '#libs/compute/log-files.ts';
import type { ContainerAssignment } from '#libs/compute/worker-protocol.ts';
import { freePort } from '#test/support/free-port.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';
import { Containers } from './containers.ts';
import { Readiness } from './readiness.ts';

const LOG_BYTES_MAX = 65_536;

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
    await containers?.terminate();
    await until('every process to end', () => processesWith(folder).length === 0);
    await rm(folder, { recursive: true });
  });

  /** Without the guard, which has the log file's name. */
  const handlers = (): number =>
    processesWith(folder).filter(({ commandLine }) => !commandLine.includes('guard')).length;
  const logFile = (): string => join(folder, 'logs/worker.log');
  const run = (
    script: string,
    env: Readonly<Record<string, string>> = {},
    changes: Partial<ContainerAssignment> = {},
  ): Containers => {
    const container: ContainerAssignment = {
      name: 'api',
      command: [process.execPath, '-e', script],
      env: { PATH: process.env['PATH'] ?? '', FOLDER: folder, ...env },
      cwd: folder,
      readinessProbe: null,
      livenessProbe: null,
      memoryLimit: null,
      ...changes,
    };
    const options = { logFile: logFile(), logBytesMax: LOG_BYTES_MAX };
    containers = new Containers([container], options);
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
    await until('both processes', () => handlers() === 2);
    await until('its word', async () => (await readFile(logFile(), 'utf8')).includes('up'));

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

    expect(await readinessOf(port, [probe, null]).untilReady()).toBeNull();

    const log = await until('the log', async () => {
      const text = await readFile(logFile(), 'utf8').catch(() => '');
      return text.split('\n').length > 4 && text;
    });
    expect(log).toBe('503\n503\n200\n200\n');
  });

  it('says what was wrong when it is not ready in time', async () => {
    const port = await freePort();
    const readiness = readinessOf(port, [], { readyMsMax: 300 });
    expect(await readiness.untilReady()).toMatch(
      /^the handler was not ready within 0.3 s: port \d+: connect ECONNREFUSED/,
    );
  });

  it('stops waiting for a handler that is no longer wanted', async () => {
    const waiting = new AbortController();
    const ready = readinessOf(await freePort(), [], waiting).untilReady();
    waiting.abort();
    expect(await ready).toBeNull();
  });

  it('does not wait for the silence of what a container has left behind', async () => {
    // Until the first file was rotated away, which it stays; what it holds is seen by luck only.
    const script = 'yes & while [ -e logs/worker.log ]; do sleep 0.01; done; exit 3';
    const { ended } = run('', {}, { command: ['sh', '-c', script] });
    expect((await ended).message).toMatch(/exited with code 3; its last output:\ny\n/);
  });

  it('puts no pipe into the folder of the logs, and leaves none behind', async () => {
    const before = await pipesInTmp();
    run('console.log("up"); setInterval(() => {}, 1000)');
    await until('its word', async () => (await readFile(logFile(), 'utf8')).includes('up'));
    expect(await readdir(dirname(logFile()))).toEqual(['worker.log']);
    expect((await pipesInTmp()).filter((name) => !before.includes(name))).toEqual([]);
  });

  it('gives the output a name that a shell can open', async () => {
    const { ended } = run('', {}, { command: ['sh', '-c', 'echo no > /dev/stderr'] });
    expect((await ended).message).toContain('its last output:\nno');
  });

  it('keeps the last two files of a long log', async () => {
    const script = `
      const line = 'x'.repeat(99) + '\\n';
      for (let n = 0; n < 5000; n++) process.stdout.write(line);
      console.log('the end');`;
    const { ended } = run(script);
    await ended;

    const names = await readdir(dirname(logFile()));
    const parts = logPartsIn(names, logFile());
    expect(parts).toHaveLength(2);
    const sizes = await Promise.all(parts.map(async ({ file }) => (await stat(file)).size));
    expect(sizes.every((size) => size <= LOG_BYTES_MAX)).toBe(true);
    expect((parts[1]?.startOffset ?? 0) + (sizes[1] ?? 0)).toBe(500_008);
    expect(await readFile(parts[1]?.file ?? '', 'utf8')).toMatch(/the end\n$/);
    const middle = await readLogBytes(logFile(), parts[0]?.startOffset ?? 0, 10);
    expect(middle?.bytes).toHaveLength(10);
    expect(middle?.nextOffset).toBe((parts[0]?.startOffset ?? 0) + 10);
    const start = await readLogBytes(logFile(), 0, 10);
    expect(Buffer.from(start?.bytes ?? []).toString()).toMatch(
      new RegExp(
        `^\\[cortex: ${parts[0]?.startOffset} bytes of this log were removed.*\\]\\n.{10}$`,
        's',
      ),
    );
  });

  const HUNGRY = `
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(8 * 2 ** 20, 1)), 10);`;
  const memoryLimit = { bytes: 150 * 2 ** 20, quantity: '150Mi' };

  it('kills a container that uses more memory than it may', async () => {
    const { ended } = run(`console.log('hungry');${HUNGRY}`, {}, { memoryLimit });
    expect(await ended).toEqual({
      kind: 'worker.oom',
      message: expect.stringMatching(
        /^container "api" used \d+\.\d MiB of memory, more than its limit of 150Mi \(compute\.mem\), and was killed; its last output:\nhungry$/,
      ),
    });
  });

  it('counts the memory of what a container has started', async () => {
    const script = `
      require('node:child_process').spawn(process.execPath, ['-e', process.env.HUNGRY]);
      setInterval(() => {}, 1000);`;
    const { ended } = run(script, { HUNGRY }, { memoryLimit });
    expect(await ended).toMatchObject({ kind: 'worker.oom' });
    await until('both to end', () => handlers() === 0);
  });

  it('lets a container use what it may', async () => {
    const script = 'const kept = Buffer.alloc(40 * 2 ** 20, 1); setTimeout(() => kept, 1500);';
    const { ended } = run(script, {}, { memoryLimit });
    expect(await ended).toMatchObject({ message: 'container "api" exited with code 0' });
  });

  it.each([
    ['a command', { exec: { command: ['test', '-f', 'alive'] } }, 'exited with code 1'],
    ['a command that hangs', { exec: { command: ['sleep', '60'] } }, 'no answer within 1 s'],
    ['a port', { tcp_socket: { port: 1 } }, 'port 1: connect ECONNREFUSED'],
    ['a path', { http_get: { port: 1, path: '/up' } }, 'GET /up on port 1: connect ECONN'],
  ])('ends when its liveness probe of %s has failed as often as it may', async (_, asked, said) => {
    const livenessProbe = { ...timing, ...asked, failure_threshold: 2 };
    const { ended } = run('setInterval(() => {}, 1000)', {}, { livenessProbe });
    const reason = await ended;
    expect(reason.kind).toBe('worker.liveness_failed');
    expect(reason.message).toContain(
      'container "api" was killed: its liveness probe failed 2 times',
    );
    expect(reason.message).toContain(said);
  });

  it('ends a command of a liveness probe that runs when it is told to end', async () => {
    const exec = { command: ['sh', '-c', 'sleep 600; : $FOLDER'] };
    const livenessProbe = { ...timing, exec, timeout_seconds: 600 };
    const started = run('setInterval(() => {}, 1000)', {}, { livenessProbe });
    await until('the command', () => handlers() === 3); // The shell and its sleep.
    await started.terminate();
    await until('all to end', () => handlers() === 0);
  });

  it.each([
    ['a path', { http_get: { port: 1, path: '/a b' } }, 'unescaped characters'],
    ['a command', { exec: { command: ['echo', '\0'] } }, 'null bytes'],
  ])('ends when its liveness probe has %s that Node refuses', async (_, asked, said) => {
    const livenessProbe = { ...timing, ...asked, failure_threshold: 1 };
    const { ended } = run('setInterval(() => {}, 1000)', {}, { livenessProbe });
    const reason = await ended;
    expect(reason.kind).toBe('worker.liveness_failed');
    expect(reason.message).toContain(said);
  });

  it('goes on while its liveness probe passes now and then', async () => {
    const passesThirdTime = 'echo >> asked; test $(($(wc -l < asked) % 3)) = 0';
    const script = `
      const { readFileSync } = require('node:fs');
      const count = () => { try { return readFileSync('asked').length; } catch { return 0; } };
      setInterval(() => { if (count() >= 5) process.exit(7); }, 20);`;
    const exec = { command: ['sh', '-c', passesThirdTime] };
    const livenessProbe = { ...timing, exec, failure_threshold: 3 };
    const { ended } = run(script, {}, { livenessProbe });
    expect(await ended).toMatchObject({ message: 'container "api" exited with code 7' });
  });
});

const pipesInTmp = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('cortex-output-'));

const readinessOf = (
  handlerPort: number,
  probes: ConstructorParameters<typeof Readiness>[0]['probes'],
  { readyMsMax = 20_000, signal = new AbortController().signal } = {},
): Readiness => new Readiness({ probes, handlerPort, readyMsMax, signal });
