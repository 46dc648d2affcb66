import type { WorkerProcess } from '#libs/compute/local-process/worker-process.ts';
import type { FromWorker, ToWorker } from '#libs/compute/worker-protocol.ts';
import { SimProcess } from '../kernel/sim-process.ts';
import type { World } from '../world.ts';
import { SimulatedWorker, type SimulatedWorkerDeps } from './simulated-worker.ts';

/** How long a worker that nobody supervises any more may go on with the call in flight. */
const ORPHAN_GRACE_MS = 5_000;

type Public<T> = Pick<T, keyof T>;

/** One direction of an IPC channel: messages arrive in the order they were sent. */
class Channel {
  private lastMs = 0;

  constructor(
    private readonly world: World,
    private readonly to: SimProcess,
  ) {}

  send(what: string, deliver: () => void): void {
    const { time, draw } = this.world;
    const atMs = Math.max(time.nowMs + draw.between(0.05, 2), this.lastMs + 0.001);
    this.lastMs = atMs;
    time.schedule(this.to, atMs - time.nowMs, what, deliver);
  }
}

/** A worker's process as its supervisor knows it. */
export class SimulatedWorkerProcess implements Public<WorkerProcess> {
  readonly pid = null;
  readonly exited: Promise<string>;
  readonly process: SimProcess;
  private readonly worker: SimulatedWorker;
  private readonly toWorker: Channel;
  private readonly toSupervisor: Channel;
  private listener: (message: FromWorker) => void = () => {};
  private waiters: { type: FromWorker['type']; resolve: (m: FromWorker | null) => void }[] = [];
  private hasExited = false;
  private how = 'was killed by SIGKILL';

  constructor(
    world: World,
    supervisor: SimProcess,
    name: string,
    deps: (process: SimProcess) => Omit<SimulatedWorkerDeps, 'world' | 'process' | 'send' | 'exit'>,
  ) {
    this.process = new SimProcess(name, world.time);
    this.toWorker = new Channel(world, this.process);
    this.toSupervisor = new Channel(world, supervisor);
    this.worker = new SimulatedWorker({
      ...deps(this.process),
      world,
      process: this.process,
      send: (message) => this.toSupervisor.send(message.type, () => this.hear(message)),
      exit: (code) => {
        this.how = `exited with code ${code}`;
        this.process.kill();
      },
    });
    this.exited = new Promise((resolve) => {
      this.process.onDeath(() => {
        this.toSupervisor.send(`${name} ${this.how}`, () => {
          this.hasExited = true;
          for (const waiter of this.waiters) waiter.resolve(null);
          resolve(this.how);
        });
      });
    });
    supervisor.onDeath(() => {
      const orphaned = (): void => this.worker.obey({ type: 'stop', graceMs: ORPHAN_GRACE_MS });
      this.toWorker.send('supervisor is gone', orphaned);
    });
  }

  /** The handler that runs in it, if there is one by now. */
  get handler(): SimulatedWorker['handler'] {
    return this.worker.handler;
  }

  get isUsable(): boolean {
    return !this.hasExited;
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.listener = listener;
  }

  send(message: ToWorker): void {
    this.toWorker.send(message.type, () => this.worker.obey(message));
  }

  next(type: FromWorker['type']): Promise<FromWorker | null> {
    if (this.hasExited) return Promise.resolve(null);
    return new Promise((resolve) => this.waiters.push({ type, resolve }));
  }

  kill(): void {
    this.process.kill();
  }

  private hear(message: FromWorker): void {
    const waiting = this.waiters.filter(({ type }) => type === message.type);
    this.waiters = this.waiters.filter(({ type }) => type !== message.type);
    for (const { resolve } of waiting) resolve(message);
    this.listener(message);
  }
}
