import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { assertBuilt } from '#test/support/assert-built.ts';
import { freePort } from '#test/support/free-port.ts';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import { until } from '#test/support/until.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/event-stores.md'), 'utf8');
const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
const TEST_MS_MAX = 120_000;

/** The one command of the guide that has `part` in it. */
function command(part: string): string {
  const [found, ...others] = commands.filter((text) => text.includes(part));
  if (found === undefined || others.length > 0) throw new Error(`not one command has ${part}`);
  return found;
}

// KurrentDB itself, and compose with one, need a container engine: here gRPC in this process stands for it.
describe('docs/guides/event-stores.md', () => {
  let kurrent: TestKurrentServer;
  let dataDir: string;
  let npm: ChildProcess;
  let said = '';
  let natsPort: number;

  beforeAll(async () => {
    assertBuilt();
    kurrent = await TestKurrentServer.start();
    dataDir = mkdtempSync(join(tmpdir(), 'cortex-guide-'));
    natsPort = await freePort();
    const start = command('npm start').replace(/'kurrentdb:[^']*'/, `'${kurrent.url}'`);
    npm = spawn('bash', ['-euc', `exec env ${start}`], {
      cwd: root,
      env: {
        ...process.env,
        NATS_URL: '',
        CORTEX_DATA_DIR: dataDir,
        PORT: String(await freePort()),
        NATS_PORT: String(natsPort),
        AWS_PORT: String(await freePort()),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // A group of its own, as a terminal gives it, that is interrupted as a whole.
    });
    for (const stream of [npm.stdout, npm.stderr]) {
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    await until(
      'the platform',
      () => said.includes('is ready') || npm.exitCode !== null,
      TEST_MS_MAX,
    );
  }, TEST_MS_MAX);
  afterAll(async () => {
    const exited = once(npm, 'exit');
    if (npm.pid !== undefined && npm.exitCode === null) {
      process.kill(-npm.pid, 'SIGINT');
      await exited;
    }
    await kurrent.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, TEST_MS_MAX);

  it('starts a platform whose log is in KurrentDB, and asks its relay where it is', async () => {
    expect(said).toContain('is ready');
    const [, subject = '', question = ''] =
      /nats request (\S+) '(.*)'/.exec(command('nats request')) ?? [];
    const nats = await connect({ port: natsPort });
    try {
      // That the platform is ready says nothing of the relay.
      const reply = await until('the relay', () =>
        nats.request(subject, question, { timeout: 5000 }).catch(() => null),
      );
      expect(reply.json()).toMatchObject({
        response: { details: { position: expect.any(Number), logPosition: expect.any(Number) } },
      });
    } finally {
      await nats.close();
    }
  });
});
