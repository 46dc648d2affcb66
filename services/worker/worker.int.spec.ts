import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { workerProgramIn } from '#libs/compute/local-process/worker-program.ts';
import type { WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import { workerId } from '#libs/domain/kernel/ids.ts';
import { freePort } from '#test/support/free-port.ts';
import { HANDLERS, LocalPlatform } from '#test/support/local-platform.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { sendSignal } from '#test/support/send-signal.ts';
import { until } from '#test/support/until.ts';

const { command } = workerProgramIn(new URL('../', import.meta.url));
const stdio = ['ignore' as const, 'ignore' as const, 'inherit' as const, 'ipc' as const];

/** @param payloads of the batches that wait for the worker */
async function assignmentOn(
  platform: LocalPlatform,
  ...payloads: string[]
): Promise<WorkerAssignment> {
  const workload = platform.workload();
  await platform.enqueue(workload, payloads);
  const handlerPort = await freePort();
  const env = { CALLS_FILE: platform.callsFile, CORTEX_PORT: String(handlerPort) };
  return {
    ...workload,
    workerId: workerId(0),
    restart: 0,
    handlerPort,
    logFile: join(platform.dataDir, 'worker.log'),
    containers: [
      {
        name: 'api',
        command: ['node', 'serve.mjs'],
        env: { ...env, PATH: process.env['PATH'] ?? '' },
        cwd: HANDLERS,
        readinessProbe: null,
        livenessProbe: null,
        memoryLimit: null,
      },
    ],
  };
}

const workerEnvOn = ({ nats }: LocalPlatform): NodeJS.ProcessEnv => ({
  ...process.env,
  NATS_URL: nats.url,
  LEASE_MS: '1500',
  LOG_LEVEL: 'silent',
});

describe('a worker and the process that supervises it', () => {
  let platform: LocalPlatform;
  let supervisor: ChildProcess;
  const messages: string[] = [];

  beforeEach(async () => {
    platform = await LocalPlatform.start();
    const assignment = await assignmentOn(platform, '[{"sleepMs":60000}]', '[1]');
    supervisor = spawn(
      process.execPath,
      [join(HANDLERS, '../supervisor.mjs'), JSON.stringify(assignment), ...command],
      { env: workerEnvOn(platform), stdio },
    );
    supervisor.on('message', (message) => messages.push(JSON.stringify(message)));
    await until('the call', () => platform.calls().length === 1);
  });

  afterEach(async () => {
    supervisor.kill('SIGKILL');
    await platform.stop();
  });

  it('says what it does', async () => {
    await until('both messages', () => messages.length === 2);
    expect(messages).toEqual([
      expect.stringMatching(/^\{"type":"containers-started","pids":\[\d+\]\}$/),
      '{"type":"running"}',
    ]);
  });

  it('leaves with its handler when its supervisor is killed', async () => {
    const { dataDir, nats } = platform;
    expect(processesWith(dataDir).length).toBeGreaterThan(0);

    supervisor.kill('SIGKILL');

    await until(
      'no process to be left',
      () => [...processesWith(dataDir), ...processesWith(nats.url)].length === 0,
    );
  });

  it('leaves no handler when it is killed in the same instant as its supervisor', async () => {
    const { dataDir, nats } = platform;
    const worker = processesWith(nats.url).find(({ parentPid }) => parentPid === supervisor.pid);

    sendSignal(supervisor.pid, 'SIGKILL');
    sendSignal(worker?.pid, 'SIGKILL');

    await until(
      'no process to be left',
      () => [...processesWith(dataDir), ...processesWith(nats.url)].length === 0,
      5000,
    );
  });
});

describe('a worker that is given its orders before it is up', () => {
  it('obeys them in their order: a job that was halted at once stays halted', async () => {
    const platform = await LocalPlatform.start();
    const [program = '', ...args] = command;
    const worker = spawn(program, args, { env: workerEnvOn(platform), stdio });
    try {
      const types: string[] = [];
      worker.on('message', (message: { readonly type: string }) => types.push(message.type));

      worker.send({ type: 'assign', assignment: await assignmentOn(platform, '[1]', '[2]') });
      worker.send({ type: 'halt' });

      await until('the handler to be ready', () => types.includes('running'));
      worker.send({ type: 'call-completion-hook', body: '{}' });
      await until('its answer', () => types.includes('completion-hook-answered'));
      expect(types.slice(0, 3)).toEqual(['containers-started', 'halted', 'running']);
      expect(platform.calls().map(({ url }) => url)).toEqual(['/on-job-complete']);
    } finally {
      worker.kill('SIGTERM');
      await platform.stop();
    }
  });
});
