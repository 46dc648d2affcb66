import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type ProcessSpec, spawnLogged } from '../../services/standalone/service-process.ts';

const STOP_MS_MAX = 20_000;

/** One process of a test's platform. It stays dead until the test starts it again. */
export class TestProcess {
  private child: ChildProcess | null = null;

  constructor(readonly spec: ProcessSpec) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Everything the process and its predecessors have written. */
  get log(): string {
    return existsSync(this.spec.logFile) ? readFileSync(this.spec.logFile, 'utf8') : '';
  }

  start(): void {
    if (this.isRunning) throw new Error(`${this.spec.name} is running`);
    this.child = spawnLogged(this.spec, () => {});
  }

  /** Resolves when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.child === null || !this.isRunning) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }

  /** SIGTERM, and SIGKILL after 20 s. */
  async stop(): Promise<void> {
    const deadline = setTimeout(() => void this.kill('SIGKILL'), STOP_MS_MAX);
    await this.kill('SIGTERM');
    clearTimeout(deadline);
  }

  /** Freezes the process, as a long pause of its machine would. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  private get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }
}
