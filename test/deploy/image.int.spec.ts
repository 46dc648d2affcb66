import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assertBuilt } from '#test/support/assert-built.ts';
import { freePort } from '#test/support/free-port.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { until } from '#test/support/until.ts';
import { composeServices } from './compose-file.ts';
import { dockerStages } from './dockerfile.ts';
import { makeStageFolder } from './image-folder.ts';

const root = join(import.meta.dirname, '../..');
const SERVICES = ['gateway', 'enqueuer', 'scheduler', 'status-projector', 'aws'];
const START_MS_MAX = 120_000;

describe('the stage that builds', () => {
  it(
    'makes dist/ of what is copied to it',
    async () => {
      assertBuilt();
      const folder = makeStageFolder('build');
      try {
        symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
        await promisify(execFile)(process.execPath, ['scripts/setup.mjs', '--build-only'], {
          cwd: folder,
        });
        const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
        expect(new Set(files)).toEqual(
          new Set(readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })),
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    START_MS_MAX,
  );
});

describe('what the image holds', () => {
  let folder: string;
  let nats: TestNatsServer;
  let env: Record<string, string>;
  let gatewayUrl: string;
  let awsUrl: string;
  const running = new Map<string, ChildProcess>();
  const logs = new Map<string, string>();

  beforeAll(async () => {
    assertBuilt();
    folder = makeStageFolder('platform');
    nats = await TestNatsServer.start();
    const [port, awsPort] = [await freePort(), await freePort()];
    gatewayUrl = `http://127.0.0.1:${port}`;
    awsUrl = `http://127.0.0.1:${awsPort}`;
    env = {
      ...dockerStages().get('platform')?.env,
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOST: '127.0.0.1',
      PORT: String(port),
      AWS_PORT: String(awsPort),
      NATS_URL: nats.url,
      CORTEX_URL: gatewayUrl,
      CORTEX_DATA_DIR: join(folder, 'data'),
    };
    for (const name of SERVICES) start(name);
    await until(
      '/readyz',
      async () => (await fetch(`${gatewayUrl}/readyz`).catch(() => null))?.ok,
    ).catch((error: unknown) => {
      throw new Error([...logs].flat().join('\n'), { cause: error });
    });
  }, START_MS_MAX);

  afterAll(async () => {
    for (const child of running.values()) child.kill('SIGKILL');
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As compose would: the entrypoint of the image without tini, and the command of the service. */
  const argsOf = (args: readonly string[]): readonly string[] => [
    ...(dockerStages().get('platform')?.entrypoint ?? []).slice(3),
    ...args.map((arg) => arg.replace('/var/lib/cortex', join(folder, 'data'))),
  ];

  function start(name: string): void {
    const { command } = composeServices()[name] ?? {};
    const child = spawn(
      process.execPath,
      argsOf(command ?? dockerStages().get('platform')?.command ?? []),
      { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    child.stderr?.on('data', (text: Buffer) =>
      logs.set(name, `${logs.get(name) ?? ''}${text.toString()}`),
    );
    running.set(name, child);
  }

  /** @returns what it printed; `null` when it failed */
  const run = (...args: string[]): Promise<string | null> =>
    promisify(execFile)(process.execPath, argsOf(args), { cwd: folder, env }).then(
      ({ stdout }) => stdout,
      () => null,
    );
  const health = (target: string): Promise<string | null> =>
    run('dist/services/health/main.js', target);
  const cortex = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(join(folder, 'bin/cortex'), args, { cwd: folder, env })).stdout;

  it('has no package for development', () => {
    expect(existsSync(join(folder, 'node_modules/zod'))).toBe(true);
    expect(existsSync(join(folder, 'node_modules/typescript'))).toBe(false);
    expect(existsSync(join(folder, 'node_modules/jest'))).toBe(false);
  });

  it('says whether its services are ready', async () => {
    const targets = ['enqueuer', 'scheduler', 'status-projector', `${gatewayUrl}/readyz`];
    for (const target of [...targets, `${awsUrl}/_cortex`]) {
      // Again and again, as an engine does: a busy machine may not answer within a check's time.
      await until(`${target} to be ready`, async () => (await health(target)) === '');
    }
    expect(await health('nobody')).toBeNull();
    expect(await health(`${gatewayUrl}/nothing`)).toBeNull();
  });

  it('deploys and runs the demo API, and a handler in Python', async () => {
    for (const example of ['command-handler', 'python-handler']) {
      await cortex('deploy', join(root, 'examples', example, 'cortex.yaml'));
    }
    await cortex('submit', 'command-handler', '-f', exampleJob('command-handler'), '--wait');
    await submitAndWait('python-handler', {
      workers: 1,
      item_list: { items: ['a', 'b'], batch_size: 1 },
      config: { output_dir: join(folder, 'words') },
    });
  });

  it('ends with 0 on SIGTERM', async () => {
    const ends = [...running.values()].map(async (child) => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await exited;
      return code as number | null;
    });
    expect(await Promise.all(ends)).toEqual(SERVICES.map(() => 0));
  });

  async function submitAndWait(api: string, job: object): Promise<void> {
    const answer = await fetch(`${gatewayUrl}/${api}`, {
      method: 'POST',
      body: JSON.stringify(job),
    });
    const { job_id: jobId } = (await answer.json()) as { job_id: string };
    const status = await until('the job to end', async () => {
      const text = await (await fetch(`${gatewayUrl}/${api}?jobID=${jobId}`)).text();
      return /"status":\s*"(succeeded|completed_with_failures|worker_\w+)"/.exec(text)?.[1] ?? null;
    });
    expect(status).toBe('succeeded');
  }
});

const exampleJob = (example: string): string => join(root, 'examples', example, 'job.json');
