import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPILE_CACHE } from './compile-cache.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const MAIN = join(import.meta.dirname, '../../services/standalone/aws/main.ts');

/** The S3 and SQS of `npm start`, in a process, on a port and a folder of their own. */
export class EmbeddedAwsProcess {
  private constructor(
    readonly folder: string,
    readonly port: number,
    private child: ChildProcess,
  ) {}

  static async start(): Promise<EmbeddedAwsProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'cortex-aws-'));
    const port = await freePort();
    const aws = new EmbeddedAwsProcess(folder, port, spawnAws(folder, port));
    await aws.untilReady();
    return aws;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Kills it with SIGKILL and starts it again on what it had stored. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = spawnAws(this.folder, this.port);
    await this.untilReady();
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private async untilReady(): Promise<void> {
    await until('the embedded AWS', () => fetch(`${this.url}/_cortex`).catch(() => null));
  }
}

function spawnAws(folder: string, port: number): ChildProcess {
  const flags = ['--no-warnings', '--experimental-transform-types', '--conditions=source'];
  return spawn(process.execPath, [...flags, MAIN, folder], {
    env: {
      PATH: process.env['PATH'],
      ...COMPILE_CACHE,
      AWS_PORT: String(port),
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
