import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { assertBuilt } from '#test/support/assert-built.ts';
import { freePort } from '#test/support/free-port.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';
import { SERVICES } from './service-process.ts';

const root = join(import.meta.dirname, '../..');

/** Stands for a service: says that it is there, answers when it is the gateway, leaves when it is told. */
const SERVICE = `
import { createServer } from 'node:http';
import { basename } from 'node:path';
const name = basename(import.meta.dirname);
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => {
  console.error(JSON.stringify({ level: 30, msg: 'leaving' }));
  process.exit(0);
});
console.error(JSON.stringify({ level: 30, msg: 'calm' }));
const { AWS_ENDPOINT_URL, S3_FORCE_PATH_STYLE, AWS_PROFILE } = process.env;
const aws = \`\${AWS_ENDPOINT_URL} \${S3_FORCE_PATH_STYLE} \${AWS_PROFILE}\`;
console.error(JSON.stringify({ level: 30, msg: 'environment', aws }));
console.error(JSON.stringify({ level: 40, msg: 'trouble', jobId: 'j1' }));
if (name === 'gateway') createServer((_, answer) => answer.end('{}')).listen(process.env.PORT);
setInterval(() => {}, 1000);
`;

const RUNNER = `
import { runStandalone, untilInterrupted } from ${JSON.stringify(join(root, 'dist/services/standalone/run-standalone.js'))};
process.exitCode = await runStandalone({
  env: process.env,
  root: ${JSON.stringify(root)},
  servicesDir: import.meta.dirname,
  use: async (_, interrupt) => { await untilInterrupted(interrupt); return 0; },
});
`;

let folder: string;
let dataDir: string;
let started: StartedPlatform[];

interface StartedPlatform {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  said(): string;
}

async function ports(): Promise<Record<string, string>> {
  const [gateway, nats, aws] = await Promise.all([freePort(), freePort(), freePort()]);
  return { PORT: String(gateway), NATS_PORT: String(nats), AWS_PORT: String(aws) };
}

function start(env: Record<string, string>): StartedPlatform {
  const child = spawn(process.execPath, [join(folder, 'runner.mjs')], {
    env: { ...process.env, NATS_URL: '', CORTEX_AWS: 'embedded', CORTEX_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exit = once(child, 'exit').then(([code]: unknown[]) => code as number | null);
  const platform = { child, exit, said: () => said };
  started.push(platform);
  return platform;
}

async function startReady(env?: Record<string, string>): Promise<StartedPlatform> {
  const platform = start(env ?? (await ports()));
  await until(
    'ready',
    () => platform.said().includes('is ready') || platform.child.exitCode !== null,
  );
  expect(platform.said()).toContain('is ready');
  return platform;
}

const running = (name: string): number | undefined =>
  processesWith(dataDir).find(({ commandLine }) => commandLine.includes(name))?.pid;
const nobodyIsLeft = (): boolean => processesWith(dataDir).length === 0;

beforeAll(assertBuilt);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cortex-standalone-'));
  dataDir = join(folder, 'data');
  started = [];
  writeFileSync(join(folder, 'runner.mjs'), RUNNER);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of SERVICES) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'main.js'), SERVICE);
  }
});

afterEach(async () => {
  for (const { child } of started) child.kill('SIGTERM');
  await Promise.all(started.map(({ exit }) => exit));
  await until('every process to leave', nobodyIsLeft);
  rmSync(folder, { recursive: true });
});

describe('standalone', () => {
  it('starts NATS and every service, and stops all of them on SIGTERM with exit code 0', async () => {
    const platform = await startReady();
    for (const name of ['nats-server', 'aws/main', ...SERVICES])
      expect(running(name)).toBeDefined();
    platform.child.kill('SIGTERM');
    expect(await platform.exit).toBe(0);
    await until('every process to leave', nobodyIsLeft, 1000);
    expect(readFileSync(join(dataDir, 'logs/gateway.log'), 'utf8')).toContain('leaving');
  });

  it('shows warnings of services at the console and keeps the rest in their logs', async () => {
    const platform = await startReady();
    await until('the warning', () => platform.said().includes('enqueuer: trouble: jobId=j1'));
    expect(platform.said()).not.toContain('calm');
    expect(readFileSync(join(dataDir, 'logs/enqueuer.log'), 'utf8')).toContain('calm');
  });

  it.each([
    ['enqueuer', 'enqueuer'],
    ['nats-server', 'nats-server'],
    ['aws', 'aws/main'],
  ])('starts %s again when it dies, and says so', async (name, program) => {
    const platform = await startReady();
    const before = running(program) ?? 0;
    process.kill(before, 'SIGKILL');
    await until('another process', () => ![undefined, before].includes(running(program)));
    expect(platform.said()).toContain(`${name} was killed by SIGKILL; starting it again in 100 ms`);
  });

  it('leaves no process behind when it is killed with SIGKILL', async () => {
    const platform = await startReady();
    platform.child.kill('SIGKILL');
    await until('every process to leave', nobodyIsLeft);
  });

  it('starts again on the same data at once after it was killed with SIGKILL', async () => {
    const first = await startReady();
    first.child.kill('SIGKILL');
    await first.exit;
    const second = await startReady();
    expect(second.said()).toContain('that an earlier run left');
  });

  it('refuses a data directory that another installation uses', async () => {
    await startReady();
    const second = start(await ports());
    expect(await second.exit).toBe(1);
    expect(second.said()).toContain(`uses the data directory ${dataDir}`);
  });

  it.each(['PORT', 'NATS_PORT', 'AWS_PORT'])(
    'names %s when its port is taken',
    async (variable) => {
      const blocker = createServer().listen(0, '127.0.0.1');
      await once(blocker, 'listening');
      const address = blocker.address();
      const taken = typeof address === 'object' && address !== null ? address.port : 0;
      const platform = start({ ...(await ports()), [variable]: String(taken) });
      expect(await platform.exit).toBe(1);
      expect(platform.said()).toContain(`${variable}=${taken + 1} npm start`);
      blocker.close();
    },
  );

  it('uses the NATS of NATS_URL and starts none', async () => {
    const other = await ports();
    await startReady({ ...other, NATS_URL: 'nats://127.0.0.1:1' });
    expect(running('nats-server')).toBeUndefined();
  });

  it('starts no S3 and SQS when an AWS is configured, and says why', async () => {
    const platform = await startReady({
      ...(await ports()),
      CORTEX_AWS: 'auto',
      AWS_PROFILE: 'work',
    });
    expect(running('aws/main')).toBeUndefined();
    expect(platform.said()).toContain('as AWS is configured: AWS_PROFILE is set');
  });

  it('tells every service where its S3 and SQS are, and shows the line for the AWS CLI', async () => {
    const env = await ports();
    const platform = await startReady({ ...env, AWS_PROFILE: 'work' });
    const url = `http://127.0.0.1:${env['AWS_PORT']}`;
    expect(platform.said()).toContain(`export AWS_ENDPOINT_URL=${url} AWS_ACCESS_KEY_ID=cortex`);
    const log = join(dataDir, 'logs/scheduler.log');
    await until('the scheduler', () => readFileSync(log, 'utf8').includes('"aws"'));
    expect(readFileSync(log, 'utf8')).toContain(`"aws":"${url} true undefined"`);
  });

  it('gives up on a service that keeps ending, and points at its log', async () => {
    writeFileSync(join(folder, 'scheduler/main.js'), 'process.exit(3)');
    rmSync(join(folder, 'gateway/main.js')); // So that nobody answers `/readyz`.
    const platform = start({ ...(await ports()), NATS_URL: 'nats://127.0.0.1:1' });
    expect(await platform.exit).toBe(1);
    expect(platform.said()).toMatch(/(gateway|scheduler) keeps ending\. Its log: /);
  });

  it('refuses a bad variable by its name', async () => {
    const platform = start({ ...(await ports()), CORTEX_DURABILITY: 'perhaps' });
    expect(await platform.exit).toBe(1);
    expect(platform.said()).toContain('CORTEX_DURABILITY');
  });
});
