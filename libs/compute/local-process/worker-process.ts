import { type ChildProcess, spawn } from 'node:child_process';
import { type FromWorker, isFromWorker, type ToWorker } from '../worker-protocol.ts';

/** How a worker is started. */
export interface WorkerCommand {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** How long the last messages of a process that has exited may take to arrive. */
const LAST_MESSAGES_MS_MAX = 1000;

/**
 * A worker's process, in a process group of its own and connected by an IPC channel.
 *
 * When it ends, the groups of the containers it has started are killed, so that killing a worker
 * leaves no handler behind, whichever way it died.
 */
export class WorkerProcess {
  /** Resolves with how it ended, when everything it had sent has been heard. */
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private listener: (message: FromWorker) => void = () => {};
  private readonly waiters = new Map<
    FromWorker['type'],
    ((message: FromWorker | null) => void)[]
  >();
  private containerPids: readonly number[] = [];
  private hasExited = false;
  private isKilled = false;

  constructor({ command, env }: WorkerCommand) {
    const [program = '', ...args] = command;
    this.child = spawn(program, args, {
      env,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child.on('message', (message) => {
      if (isFromWorker(message)) this.hear(message);
    });
    this.exited = this.watch();
  }

  get pid(): number | null {
    return this.child.pid ?? null;
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.listener = listener;
  }

  /** A process that has ended hears nothing; whoever waits for an answer gets `null`. */
  send(message: ToWorker): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  /** The next message of a type; `null` when the process ends or leaves its job first. */
  next(type: FromWorker['type']): Promise<FromWorker | null> {
    if (this.hasExited) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.waiters.set(type, [...(this.waiters.get(type) ?? []), resolve]);
    });
  }

  /** Whether it can be given a job: what it has said may still be on its way when it is dead. */
  get isUsable(): boolean {
    return !this.hasExited && !this.isKilled;
  }

  /** Kills the worker and its containers at once. */
  kill(): void {
    this.isKilled = true;
    if (!this.hasExited && this.child.pid !== undefined) killGroup(this.child.pid);
    this.killContainers();
  }

  private hear(message: FromWorker): void {
    if (message.type === 'containers-started') {
      this.containerPids = message.pids;
      if (this.hasExited) this.killContainers();
    }
    if (message.type === 'left') this.forgetJob();
    this.resolveWaiters(message.type, message);
    this.listener(message);
  }

  /** Its containers have ended, and who waits for an answer about them gets none. */
  private forgetJob(): void {
    this.containerPids = [];
    this.listener = () => {};
    for (const type of this.waiters.keys()) if (type !== 'left') this.resolveWaiters(type, null);
  }

  private resolveWaiters(type: FromWorker['type'], message: FromWorker | null): void {
    const waiters = this.waiters.get(type) ?? [];
    this.waiters.delete(type);
    for (const resolve of waiters) resolve(message);
  }

  private watch(): Promise<string> {
    return new Promise((resolve) => {
      const end = (how: string): void => {
        this.hasExited = true;
        this.killContainers();
        for (const type of this.waiters.keys()) this.resolveWaiters(type, null);
        resolve(how);
      };
      this.child.once('error', (error) => {
        if (this.child.pid === undefined) end(`cannot be started: ${error.message}`);
      });
      this.child.once('exit', (code, signal) => {
        const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
        this.hasExited = true;
        this.killContainers();
        this.child.once('close', () => end(how));
        setTimeout(() => end(how), LAST_MESSAGES_MS_MAX).unref();
      });
    });
  }

  private killContainers(): void {
    for (const pid of this.containerPids) killGroup(pid);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}
