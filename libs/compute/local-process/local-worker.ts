import type { Reason } from '#libs/domain/job/job.events.ts';
import type { JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerState } from '#libs/domain/worker/worker.events.ts';
import { type HookResponse, NoLiveWorker } from '../compute.port.ts';
import type { FromWorker, WorkerAssignment } from '../worker-protocol.ts';
import type { HandlerPorts } from './handler-ports.ts';
import { RestartBudget } from './restart-budget.ts';
import type { WorkerPool } from './worker-pool.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { SlotRequest, WorkerSlots } from './worker-slots.ts';

/** How long a worker may take to say that it has halted before it is killed. */
const HALT_MS_MAX = 2000;
/** How long a worker may take to say that it calls the completion hook before it is killed. */
const HEAR_MS_MAX = 10_000;
/** How long a worker may take to leave beyond the grace it gives its handler. */
const LEAVE_MS_MAX = 10_000;

/** What workers of all jobs share. */
export interface WorkerHost {
  readonly slots: WorkerSlots;
  readonly pool: WorkerPool;
  readonly ports: HandlerPorts;
}

/** One change of a worker's state. */
export interface WorkerChange {
  readonly restart: number;
  readonly state: WorkerState;
  readonly willRestart: boolean;
  readonly reason: Reason | null;
}

export interface LocalWorkerOptions {
  readonly jobId: JobId;
  readonly workerId: WorkerId;
  readonly firstRestart: number;
  assignment(restart: number, handlerPort: number): WorkerAssignment;
  onChange(change: WorkerChange): void;
}

/** One of a job's workers, through all the processes that it may take. */
export class LocalWorker {
  private restart: number;
  private readonly budget = new RestartBudget();
  private slotRequest: SlotRequest | null = null;
  private backOff: NodeJS.Timeout | null = null;
  private run: Promise<void> | null = null;
  private process: WorkerProcess | null = null;
  private runningSince: number | null = null;
  private failure: Reason | null = null;
  private isHalted = false;
  private isStopping = false;
  private hasLeft = false;

  constructor(
    private readonly host: WorkerHost,
    private readonly options: LocalWorkerOptions,
  ) {
    this.restart = options.firstRestart;
  }

  get workerId(): WorkerId {
    return this.options.workerId;
  }

  /** Its handler is ready, and it can be asked to call the completion hook. */
  get isRunning(): boolean {
    return this.process !== null && this.runningSince !== null;
  }

  /** Whether its handler may still write to the log. */
  get isOpen(): boolean {
    return !this.hasLeft;
  }

  /** Starts as soon as there is a slot. The state `pending` is news only for a replacement. */
  begin(): void {
    if (this.restart > 0) this.report('pending');
    this.requestSlot();
  }

  /** The job cannot run: the worker fails without having started. */
  failAtOnce(reason: Reason): void {
    this.hasLeft = true;
    this.report('failed', { reason });
  }

  async halt(): Promise<void> {
    this.isHalted = true;
    this.cancelStart();
    const { process } = this;
    if (process === null) return;
    const answer = process.next('halted'); // Also when it dies, by itself or by the kill below.
    process.send({ type: 'halt' });
    const timer = setTimeout(() => process.kill(), HALT_MS_MAX);
    await answer;
    clearTimeout(timer);
  }

  async stop(graceMs: number, leaveMsMax = LEAVE_MS_MAX): Promise<void> {
    if (this.hasLeft) return;
    this.isStopping = true;
    this.cancelStart();
    if (this.run === null) return this.leave();
    this.process?.send({ type: 'stop', graceMs });
    const timer = setTimeout(() => this.process?.kill(), graceMs + leaveMsMax);
    await this.run;
    clearTimeout(timer);
  }

  /** @throws NoLiveWorker when it is not running, or dies before it answers */
  async callHook(body: string, signal: AbortSignal): Promise<HookResponse> {
    if (this.process === null || !this.isRunning)
      throw new NoLiveWorker('the worker is not running');
    const { process } = this;
    const heard = process.next('completion-hook-called');
    const answer = process.next('completion-hook-answered');
    process.send({ type: 'call-completion-hook', body });
    // A worker that hangs would keep the job from its end; dead, it cannot call later either.
    const timer = setTimeout(() => process.kill(), HEAR_MS_MAX);
    void heard.then(() => clearTimeout(timer));
    const message = await orAborted(answer, signal).finally(() => clearTimeout(timer));
    if (message?.type !== 'completion-hook-answered') {
      throw new NoLiveWorker('the worker died before the handler answered');
    }
    return message.response;
  }

  private requestSlot(): void {
    const { jobId } = this.options;
    this.backOff = null;
    this.slotRequest = { jobId, onGranted: () => this.startRun() };
    this.host.slots.request(this.slotRequest);
  }

  private cancelStart(): void {
    if (this.slotRequest !== null) this.host.slots.withdraw(this.slotRequest);
    if (this.backOff !== null) clearTimeout(this.backOff);
    this.slotRequest = null;
    this.backOff = null;
  }

  private startRun(): void {
    this.slotRequest = null;
    this.run = this.runToEnd();
  }

  private async runToEnd(): Promise<void> {
    const how = await this.runOnce().catch(
      (error: unknown) => `cannot be started: ${String(error)}`,
    );
    this.run = null;
    this.host.slots.release(this.options.jobId);
    this.host.pool.fillSoon();
    this.afterRun(how);
  }

  /** @returns how it ended; `null` when no process was started */
  private async runOnce(): Promise<string | null> {
    const port = await this.host.ports.take();
    try {
      if (this.isHalted || this.isStopping) return null;
      this.failure = null;
      this.runningSince = null;
      this.report('initializing');
      const { pool } = this.host;
      const process = (this.process = pool.take());
      process.onMessage((message) => this.hear(message));
      const left = process.next('left');
      process.send({ type: 'assign', assignment: this.options.assignment(this.restart, port) });
      if ((await left) === null) return await process.exited;
      this.process = null;
      await pool.giveBack(process);
      return 'left';
    } finally {
      this.process = null;
      this.host.ports.giveBack(port);
    }
  }

  private hear(message: FromWorker): void {
    if (message.type === 'running') {
      this.runningSince = performance.now();
      this.report('running');
    }
    if (message.type === 'failed') this.failure = message.reason;
  }

  private afterRun(how: string | null): void {
    if (this.isStopping) return this.leave();
    if (how === null) return; // Halted before it started: it leaves when the job is stopped.
    const ranMs = this.runningSince === null ? null : performance.now() - this.runningSince;
    const delayMs = this.isHalted ? null : this.budget.afterDeath({ ranMs });
    const reason = this.failure ?? { kind: 'worker.died', message: `worker process ${how}` };
    this.hasLeft = delayMs === null;
    this.report('failed', { reason, willRestart: delayMs !== null });
    if (delayMs === null) return;
    this.restart += 1;
    this.report('pending');
    this.backOff = setTimeout(() => this.requestSlot(), delayMs);
  }

  private leave(): void {
    this.hasLeft = true;
    this.report('succeeded');
  }

  private report(
    state: WorkerState,
    { reason = null, willRestart = false }: Partial<WorkerChange> = {},
  ): void {
    this.options.onChange({ restart: this.restart, state, willRestart, reason });
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('gave up waiting', { cause: signal.reason }));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
