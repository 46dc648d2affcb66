import { type ChildProcess, spawn } from 'node:child_process';
import type { ContainerAssignment } from '#libs/compute/worker-protocol.ts';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { ContainerGuard } from './container-guard.ts';
import { untilNotAlive } from './liveness.ts';
import { MemoryKills } from './memory-kills.ts';
import { MemoryWatch } from './memory-watch.ts';
import { OutputPipe } from './output-pipe.ts';
import { OutputTail } from './output-tail.ts';
import { killGroup, type ProcessGroups } from './probe.ts';
import { RotatingLog } from './rotating-log.ts';

/** How long a container may take to end after SIGTERM. */
const TERMINATION_MS_MAX = 2000;
const NODE_OUT_OF_MEMORY = 'JavaScript heap out of memory';
/** How long a kill for want of memory, of whatever process, may explain a container's end. */
const MEMORY_KILL_LOOK_MS = 1000;
const MEBIBYTE_BYTES = 1024 * 1024;

export interface ContainersOptions {
  /** File that the output of all containers is appended to. */
  readonly logFile: string;
  readonly logBytesMax: number;
}

/**
 * The handler's processes. Each leads a process group of its own, so that what it has started goes
 * with it; the output of all goes to the log, which is why it passes through here: only whoever
 * writes a file can go on in another.
 */
export class Containers {
  /** Resolves when the first container has ended or has to, with why; also when it could not be started. */
  readonly ended: Promise<Reason>;
  private readonly children: ChildProcess[] = [];
  private readonly memoryKills = new MemoryKills();
  private readonly log: RotatingLog;
  private readonly tail = new OutputTail();
  private readonly output: OutputPipe;
  private readonly guard: ContainerGuard;
  private readonly watching = new AbortController();
  /** Of commands of probes that run, by their first processes. */
  private readonly probeGroups = new Set<number>();
  private readonly groupsOfProbes: ProcessGroups = {
    started: (pid) => {
      this.probeGroups.add(pid);
      this.guard.started(pid);
    },
    ended: (pid) => {
      this.probeGroups.delete(pid);
      this.guard.ended(pid);
    },
  };
  /** Why a container was killed from here, by its process. */
  private readonly sentences = new Map<ChildProcess, string>();
  private terminating: Promise<void> | null = null;
  private reportEnd: (reason: Reason) => void = () => {};

  constructor(
    assignments: readonly ContainerAssignment[],
    { logFile, logBytesMax }: ContainersOptions,
  ) {
    this.ended = new Promise((resolve) => (this.reportEnd = resolve));
    this.guard = new ContainerGuard(logFile);
    this.log = new RotatingLog(logFile, logBytesMax);
    this.output = new OutputPipe((piece) => {
      this.log.write(piece);
      this.tail.add(piece);
    });
    for (const assignment of assignments) this.start(assignment);
    this.watchMemoryKills();
  }

  get pids(): readonly number[] {
    return this.children.flatMap((child) => child.pid ?? []);
  }

  /** Their last output, to end a message with. */
  get lastOutput(): string {
    this.output.drain();
    return this.tail.asPartOfMessage;
  }

  /** Ends all containers: SIGTERM, and SIGKILL after 2 s. Resolves when they have ended. */
  terminate(): Promise<void> {
    this.terminating ??= this.end();
    return this.terminating;
  }

  /** Kills all containers and everything they have started, at once. */
  kill(): void {
    this.signal('SIGKILL');
    this.killProbes();
  }

  private async end(): Promise<void> {
    this.watching.abort();
    this.killProbes();
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
    this.output.close();
    this.log.close();
    this.guard.release();
  }

  private start(assignment: ContainerAssignment): void {
    const { name, command, env, cwd } = assignment;
    const [program = '', ...args] = command;
    const { writeEnd } = this.output;
    const stdio = ['ignore' as const, writeEnd, writeEnd];
    this.guard.starting();
    const marked = { ...env, ...this.guard.env };
    const child = spawn(program, args, { cwd, env: marked, stdio, detached: true });
    this.children.push(child);
    child.once('error', (error) => {
      const message = `container "${name}" cannot be started in ${cwd}: ${error.message}`;
      this.reportEnd({ kind: 'worker.container_not_started', message });
    });
    child.once('exit', (code, signal) => {
      this.reportEnd(this.exitReason(name, child, signal ?? code));
    });
    if (child.pid === undefined) return this.guard.ended(0);
    this.guard.started(child.pid);
    this.watchMemory(assignment, child, child.pid);
    void this.watchLiveness(assignment);
  }

  private watchMemory(
    { name, memoryLimit }: ContainerAssignment,
    child: ChildProcess,
    pid: number,
  ): void {
    if (memoryLimit === null) return;
    const watch = new MemoryWatch({
      pid,
      limitBytes: memoryLimit.bytes,
      onExceeded: (usedBytes, pids) => {
        const used = `${(usedBytes / MEBIBYTE_BYTES).toFixed(1)} MiB`;
        const sentence = `container "${name}" used ${used} of memory, more than its limit of ${memoryLimit.quantity} (compute.mem), and was killed`;
        this.sentences.set(child, sentence);
        killGroup(pid);
        for (const each of pids) killProcess(each); // Those that have left the group.
      },
    });
    child.once('exit', () => watch.close());
    this.watching.signal.addEventListener('abort', () => watch.close());
  }

  private async watchLiveness({
    name,
    livenessProbe,
    cwd,
    env,
  }: ContainerAssignment): Promise<void> {
    if (livenessProbe === null) return;
    const place = { cwd, env, groups: this.groupsOfProbes };
    const problem = await untilNotAlive(livenessProbe, place, this.watching.signal);
    if (problem === null) return;
    const message = `container "${name}" was killed: ${problem}${this.lastOutput}`;
    this.reportEnd({ kind: 'worker.liveness_failed', message });
  }

  private exitReason(name: string, child: ChildProcess, how: string | number | null): Reason {
    const { lastOutput } = this;
    const sentence = this.sentences.get(child);
    if (sentence !== undefined) return { kind: 'worker.oom', message: sentence + lastOutput };
    // The kernel counts for the whole machine; with a SIGKILL that nobody here sent it is telling.
    const isOutOfMemory =
      this.tail.text.includes(NODE_OUT_OF_MEMORY) ||
      (how === 'SIGKILL' && this.memoryKills.haveHappenedLately);
    const did = typeof how === 'string' ? `was killed by ${how}` : `exited with code ${how}`;
    return {
      kind: isOutOfMemory ? 'worker.oom' : 'worker.container_exited',
      message: `container "${name}" ${did}${lastOutput}`,
    };
  }

  private watchMemoryKills(): void {
    const timer = setInterval(() => this.memoryKills.look(), MEMORY_KILL_LOOK_MS);
    this.watching.signal.addEventListener('abort', () => clearInterval(timer));
  }

  private killProbes(): void {
    for (const pid of this.probeGroups) killGroup(pid);
  }

  private signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids) killGroup(pid, signal);
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
