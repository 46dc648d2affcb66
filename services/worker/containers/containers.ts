import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ContainerAssignment } from '#libs/compute/worker-protocol.ts';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { lastLines, logTail } from './log-tail.ts';
import { memoryKillCount } from './memory-kills.ts';

/** How long a container may take to end after SIGTERM. */
const TERMINATION_MS_MAX = 2000;
const NODE_OUT_OF_MEMORY = 'JavaScript heap out of memory';

/**
 * The handler's processes. Each leads a process group of its own, so that what it has started goes
 * with it; the output of all goes straight to the log file, and no byte of it passes through here.
 */
export class Containers {
  /** Resolves when the first container has ended, with why; also when it could not be started. */
  readonly ended: Promise<Reason>;
  private readonly children: ChildProcess[] = [];
  private readonly memoryKillsAtStart = memoryKillCount();
  private readonly logStartOffset: number;
  private reportEnd: (reason: Reason) => void = () => {};

  constructor(
    assignments: readonly ContainerAssignment[],
    private readonly logFile: string,
  ) {
    this.ended = new Promise((resolve) => (this.reportEnd = resolve));
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    this.logStartOffset = fstatSync(log).size;
    for (const assignment of assignments) this.start(assignment, log);
    closeSync(log);
  }

  get pids(): readonly number[] {
    return this.children.flatMap((child) => child.pid ?? []);
  }

  /** Ends all containers: SIGTERM, and SIGKILL after 2 s. Resolves when they have ended. */
  async terminate(): Promise<void> {
    const exits = this.children.filter(isRunning).map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once('exit', () => resolve());
        }),
    );
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.kill(), TERMINATION_MS_MAX);
    await Promise.all(exits);
    clearTimeout(timer);
    this.kill(); // What a container started and left behind.
  }

  /** Kills all containers and everything they have started, at once. */
  kill(): void {
    this.signal('SIGKILL');
  }

  private start({ name, command, env, cwd }: ContainerAssignment, log: number): void {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', log, log], detached: true });
    this.children.push(child);
    child.once('error', (error) => {
      const message = `container "${name}" cannot be started in ${cwd}: ${error.message}`;
      this.reportEnd({ kind: 'worker.container_not_started', message });
    });
    child.once('exit', (code, signal) => this.reportEnd(this.exitReason(name, code, signal)));
  }

  private exitReason(name: string, code: number | null, signal: string | null): Reason {
    const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
    const tail = logTail(this.logFile, this.logStartOffset);
    const isOutOfMemory =
      tail.includes(NODE_OUT_OF_MEMORY) || (signal === 'SIGKILL' && this.kernelKilledForMemory());
    return {
      kind: isOutOfMemory ? 'worker.oom' : 'worker.container_exited',
      message: `container "${name}" ${how}${tail === '' ? '' : `; its last output:\n${lastLines(tail)}`}`,
    };
  }

  /** The kernel counts for the whole machine; together with a SIGKILL that nobody here sent it is telling. */
  private kernelKilledForMemory(): boolean {
    const now = memoryKillCount();
    return now !== null && this.memoryKillsAtStart !== null && now > this.memoryKillsAtStart;
  }

  private signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids) {
      try {
        process.kill(-pid, signal);
      } catch {
        // The whole group has ended.
      }
    }
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;
