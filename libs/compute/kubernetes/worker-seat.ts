import type { Reason } from '#libs/domain/job/job.events.ts';
import type { WorkerId } from '#libs/domain/kernel/ids.ts';
import { WORKER_STATES, type WorkerState } from '#libs/domain/worker/worker.events.ts';
import { FAILURES_MAX } from './job-manifest.ts';
import type { PodFailure } from './pod-failure.ts';
import type { PodState } from './pod-state.ts';

/** A handler that fails this often in a row before it is ready is not going to start. */
const FAILED_STARTS_MAX = 3;

/** One change of a worker's state. */
export interface WorkerChange {
  readonly restart: number;
  readonly state: WorkerState;
  readonly willRestart: boolean;
  readonly reason: Reason | null;
}

/** What is seen of one pod of a worker. */
export interface Sighting {
  /** How many pods of this worker there were before. */
  readonly restart: number;
  /** How many of them count against the limit of Kubernetes. */
  readonly failureCount: number;
  readonly state: PodState;
}

export interface WorkerSeatOptions {
  readonly workerId: WorkerId;
  readonly firstRestart: number;
  onChange(change: WorkerChange): void;
}

/** One worker of a job through all its pods: turns what is seen of them into what is reported. */
export class WorkerSeat {
  private restart: number;
  private current: WorkerState = 'pending';
  /** The first process of a worker is pending from the submission on, which is no news. */
  private hasSaidPending: boolean;
  private hasSaidWhy = false;
  private hasRun = false;
  private failedStarts = 0;
  private lost = false;
  private isHalted = false;

  constructor(private readonly options: WorkerSeatOptions) {
    this.restart = options.firstRestart;
    this.hasSaidPending = options.firstRestart === 0;
  }

  get workerId(): WorkerId {
    return this.options.workerId;
  }

  /** No replacement comes. */
  get isLost(): boolean {
    return this.lost;
  }

  get isRunning(): boolean {
    return this.current === 'running';
  }

  sayPending(): void {
    if (this.hasSaidPending) return;
    this.hasSaidPending = true;
    this.report('pending');
  }

  /** From now on only its end is news. */
  halt(): void {
    this.isHalted = true;
  }

  see({ restart, failureCount, state }: Sighting): void {
    if (this.lost || restart < this.restart) return;
    if (restart > this.restart) this.succeedBy(restart);
    if (state.state === 'failed') return this.fail(state, failureCount);
    if (this.isHalted) return;
    this.sayPending();
    if (state.state === 'pending') return this.sayWhyPending(state.reason);
    if (state.state === 'running') this.advance('initializing', null);
    this.advance(state.state, state.reason);
  }

  /** Nothing runs for it any more, and nothing will. */
  fail(failure: PodFailure, failureCount: number): void {
    if (this.lost) return;
    const isNobodysFault = failure.verdict === 'disrupted';
    if (this.hasRun) this.failedStarts = 0;
    else if (!isNobodysFault) this.failedStarts += 1;
    const mayRestart =
      isNobodysFault ||
      (failure.verdict === 'failed' &&
        failureCount < FAILURES_MAX &&
        this.failedStarts < FAILED_STARTS_MAX);
    const willRestart = mayRestart && !this.isHalted;
    this.lost = !willRestart;
    this.current = 'failed';
    this.report('failed', { willRestart, reason: failure.reason });
    if (willRestart) this.succeedBy(this.restart + 1);
  }

  /** It was let go of. */
  leave(): void {
    if (!this.lost) this.report('succeeded');
    this.lost = true;
  }

  private succeedBy(restart: number): void {
    this.restart = restart;
    this.current = 'pending';
    this.hasSaidPending = false;
    this.hasSaidWhy = false;
    this.hasRun = false;
    if (!this.isHalted) this.sayPending();
  }

  /** Kubernetes has given up on it; news unless its pods have said so. */
  giveUp(reason: Reason): void {
    if (this.current === 'succeeded') return;
    this.fail({ state: 'failed', verdict: 'final', reason }, 0);
  }

  sayWhyPending(reason: Reason | null): void {
    if (reason === null || this.lost || this.isHalted) return;
    if (this.current !== 'pending' || this.hasSaidWhy) return;
    this.hasSaidWhy = true;
    this.report('pending', { reason });
  }

  private advance(state: WorkerState, reason: Reason | null): void {
    if (WORKER_STATES.indexOf(state) <= WORKER_STATES.indexOf(this.current)) return;
    this.current = state;
    this.hasRun ||= state === 'running';
    this.report(state, { reason });
  }

  private report(
    state: WorkerState,
    { willRestart = false, reason = null }: Partial<WorkerChange> = {},
  ): void {
    this.options.onChange({ restart: this.restart, state, willRestart, reason });
  }
}
