import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** A real `nats-server` with JetStream, on a port and a folder of its own. */
export class TestNatsServer {
  private constructor(
    readonly port: number,
    private readonly storeDir: string,
    private child: ChildProcess,
  ) {}

  /** The binary is `NATS_SERVER` or the one on PATH, which `npm run setup` puts there. */
  static async start(): Promise<TestNatsServer> {
    const storeDir = await mkdtemp(join(tmpdir(), 'cortex-nats-'));
    const port = await freePort();
    const server = new TestNatsServer(port, storeDir, spawnServer(port, storeDir));
    await server.untilReady();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Kills the server with SIGKILL and starts it again on what it had stored. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = spawnServer(this.port, this.storeDir);
    await this.untilReady();
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** Stops the server and deletes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.storeDir, { recursive: true, force: true });
  }

  private async untilReady(): Promise<void> {
    while (!(await greets(this.port))) {
      if (this.child.exitCode !== null) throw new Error('nats-server exited; is its port in use?');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function spawnServer(port: number, storeDir: string): ChildProcess {
  const binary = process.env['NATS_SERVER'] ?? 'nats-server';
  const child = spawn(binary, ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', storeDir], {
    stdio: 'ignore',
  });
  child.once('error', (error) => {
    throw new Error(`cannot start ${binary}; run npm run setup`, { cause: error });
  });
  return child;
}

/** Whether a NATS server sends its INFO line, which it does once it serves clients. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
