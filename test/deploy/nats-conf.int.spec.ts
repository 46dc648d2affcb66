import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';

const root = join(import.meta.dirname, '../..');
const conf = readFileSync(join(root, 'deploy/nats/nats.conf'), 'utf8');
const binary = process.env['NATS_SERVER'] ?? 'nats-server';

/** Servers before 2.10 do not know it; the manifests run a newer one. */
const SYNC = /^ *sync_interval: always\n/m;
const isOld = /v2\.[0-9]\./.test(execFileSync(binary, ['--version'], { encoding: 'utf8' }));

describe('deploy/nats/nats.conf', () => {
  let folder: string;
  let file: string;
  let server: ChildProcess | null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-nats-conf-'));
    file = join(folder, 'nats.conf');
    server = null;
  });
  afterEach(async () => {
    if (server !== null) {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
    }
    rmSync(folder, { recursive: true });
  });

  const isAccepted = (text: string): boolean => {
    writeFileSync(file, text);
    try {
      execFileSync(binary, ['-t', '-c', file], { stdio: 'pipe' });
      return true;
    } catch {
      return false;
    }
  };

  it('is accepted by nats-server; before 2.10, all but the sync of every write is', () => {
    expect(isAccepted(conf)).toBe(!isOld);
    expect(conf).toMatch(SYNC);
    expect(isAccepted(conf.replace(SYNC, ''))).toBe(true);
    expect(isAccepted(conf.replace('store_dir', 'store_dri'))).toBe(false);
  });

  it('makes a server that stores streams, syncs every write, and answers health checks', async () => {
    const monitorPort = await freePort();
    const here = conf
      .replace('0.0.0.0:4222', `127.0.0.1:${await freePort()}`)
      .replace('0.0.0.0:8222', `127.0.0.1:${monitorPort}`)
      .replace('"/data"', JSON.stringify(folder))
      .replace(SYNC, (line) => (isOld ? '' : line));
    writeFileSync(file, here);
    server = spawn(binary, ['-c', file], { stdio: 'ignore' });
    const ask = (path: string): Promise<Response | null> =>
      fetch(`http://127.0.0.1:${monitorPort}${path}`).catch(() => null);
    // The paths of the health checks of compose and of the manifests.
    for (const query of ['js-enabled-only', 'js-server-only']) {
      await until(query, async () => (await ask(`/healthz?${query}=true`))?.ok ?? false);
    }
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/jsz`);
    const { config } = (await answer.json()) as { config: object };
    expect(config).toMatchObject({ store_dir: join(folder, 'jetstream') });
    if (!isOld) expect(config).toMatchObject({ sync_always: true });
  });
});
