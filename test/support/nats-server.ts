import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

export interface NatsServerOptions {
  /** Text of a configuration file; the port and the folder are given besides. */
  readonly config?: string;
  /** Added to the server's environment, for variables in the configuration. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real `nats-server` with JetStream, on a port and a folder of its own. */
export class TestNatsServer {
  private constructor(
    readonly port: number,
    readonly storeDir: string,
    private readonly options: NatsServerOptions,
    private child: ChildProcess,
  ) {}

  /** The binary is `NATS_SERVER` or the one on PATH, which `npm run setup` puts there. */
  static async start(options: NatsServerOptions = {}): Promise<TestNatsServer> {
    const storeDir = await mkdtemp(join(tmpdir(), 'cortex-nats-'));
    const port = await freePort();
    if (options.config !== undefined) await writeFile(configFileIn(storeDir), options.config);
    const child = spawnServer(port, storeDir, options);
    const server = new TestNatsServer(port, storeDir, options, child);
    await server.untilReady();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /**
   * Kills the server and starts it again on what it had stored.
   *
   * @param signal with SIGTERM it writes down what it has not yet
   * @param whileDown may change what was stored
   */
  async restart({
    signal = 'SIGKILL',
    whileDown = async () => {},
  }: {
    readonly signal?: NodeJS.Signals;
    readonly whileDown?: () => Promise<void>;
  } = {}): Promise<void> {
    await this.kill(signal);
    await whileDown();
    this.child = spawnServer(this.port, this.storeDir, this.options);
    await this.untilReady();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
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

const configFileIn = (storeDir: string): string => join(storeDir, 'nats-server.conf');

function spawnServer(
  port: number,
  storeDir: string,
  { config, env }: NatsServerOptions,
): ChildProcess {
  const binary = process.env['NATS_SERVER'] ?? 'nats-server';
  const args = ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', storeDir];
  if (config !== undefined) args.push('-c', configFileIn(storeDir));
  const child = spawn(binary, args, { stdio: 'ignore', env: { ...process.env, ...env } });
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
