import type { ChildProcess } from 'node:child_process';
import { noticeOf } from './log-notice.ts';
import { type ProcessSpec, spawnLogged } from './service-process.ts';

const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5000;
/** A process that lived this long was well: the next restart is a quick one again. */
const WELL_AFTER_MS = 10_000;

/** Keeps one process running: starts it again when it ends, later each time, until it is stopped. */
export class SupervisedProcess {
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private restartTimer: NodeJS.Timeout | undefined;
  private failureStreak = 0;
  private isStopping = false;

  constructor(
    private readonly spec: ProcessSpec,
    private readonly say: (line: string) => void,
  ) {}

  get name(): string {
    return this.spec.name;
  }

  get logFile(): string {
    return this.spec.logFile;
  }

  /** How often in a row the process ended soon after its start. */
  get earlyEndCount(): number {
    return this.failureStreak;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const startedAt = performance.now();
    const child = spawnLogged(this.spec, (line) => this.notice(line));
    this.child = child;
    this.exited = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        this.child = null;
        resolve();
        if (!this.isStopping) this.restartLater(how, performance.now() - startedAt);
      };
      child.once('error', (error) => onEnd(`cannot run: ${error.message}`));
      child.once('exit', (code, signal) =>
        onEnd(signal === null ? `exited with ${code}` : `was killed by ${signal}`),
      );
    });
  }

  /** Resolves when the process is gone: asked with SIGTERM, after `graceMs` ended with SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.restartTimer);
    if (this.child === null) return;
    this.child.kill('SIGTERM');
    const deadline = setTimeout(() => {
      this.say(`${this.name} did not stop within ${graceMs / 1000} s; killing it`);
      this.kill();
    }, graceMs);
    await this.exited;
    clearTimeout(deadline);
  }

  /** Ends the process and what it has started in its group, at once. */
  kill(): void {
    this.isStopping = true;
    clearTimeout(this.restartTimer);
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.child?.kill('SIGKILL'); // The group has gone meanwhile.
    }
  }

  private restartLater(how: string, livedMs: number): void {
    this.failureStreak = livedMs >= WELL_AFTER_MS ? 0 : this.failureStreak + 1;
    const delayMs = Math.min(
      RESTART_MS_MIN * 2 ** Math.max(0, this.failureStreak - 1),
      RESTART_MS_MAX,
    );
    this.say(`${this.name} ${how}; starting it again in ${delayMs} ms (log: ${this.logFile})`);
    this.restartTimer = setTimeout(() => this.start(), delayMs);
  }

  private notice(line: string): void {
    const notice = noticeOf(line);
    if (notice !== null) this.say(`${this.name}: ${notice}`);
  }
}
