import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobStatus } from '#libs/client/gateway-documents.ts';
import { assertBuilt } from './assert-built.ts';
import { COMPILE_CACHE } from './compile-cache.ts';
import { jobDetails } from './gateway-answers.ts';
import { RecordedGateway } from './recorded-gateway.ts';

const CORTEX = join(import.meta.dirname, '../../bin/cortex');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `cortex` in processes of its own, with a folder to run in and a gateway to talk to. */
export class CommandLine {
  /** Added to the environment, which has nothing else. */
  env: Readonly<Record<string, string>> = {};

  private constructor(
    readonly folder: string,
    public gateway: RecordedGateway,
  ) {}

  static async create(): Promise<CommandLine> {
    assertBuilt();
    const folder = await mkdtemp(join(tmpdir(), 'cortex-cli-'));
    return new CommandLine(folder, await RecordedGateway.start());
  }

  async remove(): Promise<void> {
    await this.gateway.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  writeFile(name: string, content: string | Uint8Array): Promise<void> {
    return writeFile(join(this.folder, name), content);
  }

  /** Runs a command to its end, with nothing on its standard input. */
  async run(...args: readonly string[]): Promise<Ended> {
    const { child, ended } = this.start(...args);
    child.stdin.end();
    return ended;
  }

  start(...args: readonly string[]) {
    const child = spawn(CORTEX, args, {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'],
        ...COMPILE_CACHE,
        CORTEX_URL: this.gateway.url,
        ...this.env,
      },
      stdio: 'pipe',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    const ended = once(child, 'close').then(([code]): Ended => ({ ...output, code }));
    return { child, output, ended };
  }

  /** Lets the gateway answer a job's states one after the other, and then the last one for ever. */
  showJob(...states: readonly [JobStatus, ...JobStatus[]]): void {
    let next = 0;
    this.gateway.on(`GET /v1/jobs/${states[0].job_id}`, () => {
      const job = states[Math.min(next++, states.length - 1)] ?? states[0];
      return { body: jobDetails(job) };
    });
  }
}
