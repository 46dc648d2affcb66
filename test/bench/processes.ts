import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '#test/support/free-port.ts';

const peer = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

export const NOOP_HANDLER = peer('noop-handler.mjs');

/** A process of a peer, talked to over its IPC channel. */
export function forkPeer(name: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  return fork(peer(name), { env: { ...process.env, ...env }, execArgv: [] });
}

/** Next message of a peer. */
export async function messageOf<T>(child: ChildProcess): Promise<T> {
  const [message] = await once(child, 'message');
  return message as T;
}

export async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** `count` no-op handlers, as `npm run bench` gives them to every contender alike. */
export async function startHandlers(count: number, itemCount: number) {
  const outDir = await mkdtemp(join(tmpdir(), 'cortex-bench-'));
  const env = { BENCH_OUT: outDir, BENCH_ITEMS: String(itemCount), CORTEX_PORT: '0' };
  const children = Array.from({ length: count }, () => forkPeer('noop-handler.mjs', env));
  const ports = await Promise.all(
    children.map(async (child) => (await messageOf<{ port: number }>(child)).port),
  );
  return {
    ports,
    /** Ends the handlers and tells what they saw. */
    async stop(): Promise<Delivery> {
      await Promise.all(children.map((child) => terminate(child)));
      const delivery = await readDelivery(outDir, itemCount);
      await rm(outDir, { recursive: true });
      return delivery;
    },
  };
}

/** Whether every item reached a handler. */
export interface Delivery {
  readonly lostItemCount: number;
  /** Items that were seen more than once, which at-least-once allows. */
  readonly repeatedItemCount: number;
}

/** Adds up what the handlers wrote into `outDir`. */
export async function readDelivery(outDir: string, itemCount: number): Promise<Delivery> {
  const seen = new Uint32Array(itemCount);
  for (const file of await readdir(outDir)) {
    const counts = await readFile(join(outDir, file));
    for (const [item, count] of counts.entries()) seen[item] = (seen[item] ?? 0) + count;
  }
  return {
    lostItemCount: seen.filter((count) => count === 0).length,
    repeatedItemCount: seen.filter((count) => count > 1).length,
  };
}

/** Redis with the durability that the comparison states: append-only file, fsync every second. */
export async function startRedis() {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'cortex-redis-'));
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir];
  const durability = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
  const child = spawn('redis-server', [...settings, ...durability], { stdio: 'ignore' });
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(
      'redis-server cannot be started; install it, e.g. apt-get install redis-server',
      {
        cause: error,
      },
    );
  });
  await Promise.race([failed, untilListening(port)]);
  return {
    port,
    async stop(): Promise<void> {
      await terminate(child);
      await rm(dir, { recursive: true });
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
