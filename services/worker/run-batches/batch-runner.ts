import type { BatchQueue, LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import { isLost } from '#libs/domain/batch/retry-policy.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { type HandlerCalls, HandlerConnection } from '../handler-connection.ts';
import { BatchFeed } from './batch-feed.ts';
import {
  badStatusReason,
  failed,
  lost,
  type Outcome,
  type Runner,
  succeeded,
  unreachableReason,
} from './batch-outcome.ts';
import { BatchRequests } from './batch-request.ts';
import { hasSucceeded } from './lost-batches.ts';
import { OutcomeLog } from './outcome-log.ts';
import { PrefetchWindow } from './prefetch-window.ts';

const STATUS_OK = 200;
/** A call that takes longer than this gives the batches that wait behind it to other workers. */
const SLOW_CALL_MS = 1000;
/** When a batch is offered again that could not be looked up, since the log is away. */
const LOOK_UP_AGAIN_MS = 1000;
/** How long outcomes may take to be recorded when the worker leaves. */
const CLOSE_MS_MAX = 5000;

/** The part of an assignment that running batches needs. */
export type RunnerAssignment = Pick<
  WorkerAssignment,
  'apiName' | 'jobId' | 'workerId' | 'handlerPort' | 'traceparent' | 'deadLetterQueue'
>;

export interface BatchRunnerDeps {
  readonly queue: BatchQueue;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The queue's lease; what is held is renewed every third of it. */
  readonly leaseMs: number;
  /** Asked when a call found no handler: whether the handler's process has died. */
  handlerHasDied(): Promise<boolean>;
  /** Resolves when the handler can be called again, or never will be. */
  handlerIsReady(): Promise<void>;
  /** Whether a handler that was ready still is; none when it has no way to say that it is not. */
  handlerTakesBatches?(): Promise<boolean>;
  /** Opens the connection that calls go over; HTTP unless given. */
  readonly connect?: (handlerPort: number) => HandlerCalls;
}

/** Leases batches, calls the handler with one at a time and records what became of them. */
export class BatchRunner {
  private readonly runner: Runner;
  private readonly requests: BatchRequests;
  private readonly connection: HandlerCalls;
  private readonly window: PrefetchWindow;
  private readonly feed: BatchFeed;
  private readonly outcomes: OutcomeLog;
  private inFlight: LeasedBatch | null = null;
  private inFlightSince = 0;
  private isUnready = false;
  private isHalted = false;
  private hasStarted = false;
  private running: Promise<void> | null = null;
  private renewals: NodeJS.Timeout | null = null;

  constructor(
    private readonly deps: BatchRunnerDeps,
    private readonly assignment: RunnerAssignment,
  ) {
    const { queue, store, logger, clock, connect } = deps;
    const { apiName, jobId, handlerPort, deadLetterQueue } = assignment;
    const key: { readonly apiName: ApiName; readonly jobId: JobId } = { apiName, jobId };
    this.runner = assignment;
    this.requests = new BatchRequests(jobId, assignment);
    this.connection = connect?.(handlerPort) ?? new HandlerConnection(handlerPort);
    const areHandOutsCounted = deadLetterQueue !== null;
    // A batch that is held and given back was handed out all the same: where that counts, none is.
    this.window = new PrefetchWindow(areHandOutsCounted ? 1 : undefined);
    this.feed = new BatchFeed({
      openReceiver: () => queue.receiver(key),
      window: this.window,
      logger,
    });
    this.outcomes = new OutcomeLog({
      record: (facts) => store.record({ kind: 'batch', ...key }, facts),
      deadLetter: (letter) => queue.deadLetter(key, deadLetterQueue?.arn ?? '', letter),
      queue: this.feed,
      clock,
      logger,
      // A batch may kill this worker. It must not take what the one before came to with it, which has no hand-outs to spare.
      backlogCountMax: areHandOutsCounted ? 1 : undefined,
    });
  }

  /** Runs batches until `halt`, or until the handler has died. */
  run(): Promise<void> {
    if (this.isHalted) return Promise.resolve(); // Nobody would end the renewals.
    this.renewals = setInterval(() => this.tend(), this.deps.leaseMs / 3);
    this.running = this.runBatches();
    return this.running;
  }

  /** From here on no handler call starts. The one in flight goes on. */
  halt(): void {
    this.isHalted = true;
    this.outcomes.halt();
    this.connection.halt();
    this.feed.close().catch((error: unknown) => {
      this.deps.logger.warn({ err: error }, 'cannot close the receiver of batches');
    });
  }

  /** Halts, cuts the call in flight after `graceMs`, and records the outcomes there are. */
  async close(graceMs: number): Promise<void> {
    this.halt();
    const cut = setTimeout(() => this.connection.destroy(), graceMs);
    await this.running?.catch(() => {}); // Whoever runs it was told.
    clearTimeout(cut);
    this.connection.destroy();
    await this.outcomes.close(CLOSE_MS_MAX);
    await this.feed.close();
    if (this.renewals !== null) clearInterval(this.renewals);
  }

  private async runBatches(): Promise<void> {
    for (;;) {
      if (this.outcomes.isFull) await this.outcomes.room();
      const batch = this.feed.take() ?? (await this.nextBatch());
      if (batch === null) return;
      this.inFlight = batch;
      if (this.isHalted) return this.giveBack(batch);
      if (await this.isRefused(batch)) continue;
      if (this.isHalted) return this.giveBack(batch);
      if (this.isLost(batch)) await this.giveUpOn(batch);
      else if (!(await this.runBatch(batch))) return;
    }
  }

  /**
   * A handler that says that it is not ready gets no batch, and what it would have got goes to other
   * workers; but where a delivery counts as an attempt, its one is kept until it is ready again.
   *
   * @returns whether the batch is no longer held here
   */
  private async isRefused(batch: LeasedBatch): Promise<boolean> {
    if ((await this.deps.handlerTakesBatches?.()) ?? true) return false;
    const isGivenBack = this.runner.deadLetterQueue === null;
    this.isUnready = true;
    this.feed.releaseHeld();
    if (isGivenBack) this.giveBack(batch);
    await this.deps.handlerIsReady();
    this.isUnready = false;
    return isGivenBack;
  }

  private nextBatch(): Promise<LeasedBatch | null> {
    this.outcomes.flush(); // Nothing is left to run: waiting for a larger group would only delay.
    return this.feed.next();
  }

  /** @returns whether the handler can be called again */
  private async runBatch(batch: LeasedBatch): Promise<boolean> {
    if (!this.hasStarted) this.recordStart();
    const startedAt = performance.now();
    this.inFlightSince = startedAt;
    const result = await this.connection.send(this.requests.headOf(batch), batch.payload);
    const durationMs = performance.now() - startedAt;
    this.window.observe(durationMs);

    const durationUs = Math.round(durationMs * 1000);
    if (result.kind === 'cut') {
      this.giveBack(batch);
      return false;
    }
    if (result.kind === 'unreachable') {
      return this.handleUnreachable(batch, durationUs, result.message);
    }
    this.settle(
      result.status === STATUS_OK
        ? succeeded(this.runner, batch, durationUs)
        : failed(this.runner, batch, { durationUs, reason: badStatusReason(result.status) }),
    );
    return true;
  }

  /**
   * A handler that has died is the worker's failure, not the batch's: the batch is offered again,
   * unless this was its last attempt, so that a batch that kills every handler does not go on for ever.
   */
  private async handleUnreachable(
    batch: LeasedBatch,
    durationUs: number,
    problem: string,
  ): Promise<boolean> {
    const outcome = failed(this.runner, batch, { durationUs, reason: unreachableReason(problem) });
    const hasDied = await this.deps.handlerHasDied();
    if (!hasDied || outcome.deadLetter !== null) this.settle(outcome);
    else this.giveBack(batch);
    if (!hasDied) await this.deps.handlerIsReady();
    return !hasDied;
  }

  private isLost({ attempt }: LeasedBatch): boolean {
    return isLost(this.runner.deadLetterQueue?.receiveCountMax ?? null, attempt);
  }

  /** Without a handler call, unless its success is recorded and only the queue was not told. */
  private async giveUpOn(batch: LeasedBatch): Promise<void> {
    try {
      if (await hasSucceeded(this.deps.store, this.assignment, batch.index)) {
        this.feed.remove([batch]);
        this.inFlight = null;
      } else this.settle(lost(this.runner, batch));
    } catch (error) {
      this.deps.logger.warn({ err: error, index: batch.index }, 'cannot look a lost batch up');
      this.inFlight = null;
      this.feed.release(batch, LOOK_UP_AGAIN_MS);
    }
  }

  private settle(outcome: Outcome): void {
    this.outcomes.add(outcome);
    this.inFlight = null;
  }

  private giveBack(batch: LeasedBatch): void {
    this.inFlight = null;
    this.feed.release(batch, 0);
  }

  /** On its way while the first call runs. */
  private recordStart(): void {
    this.hasStarted = true;
    const { jobId, workerId } = this.assignment;
    this.outcomes.note({ type: 'JobStarted', data: { jobId, workerId } });
    this.outcomes.flush();
  }

  private tend(): void {
    const isSlow = this.inFlight !== null && performance.now() - this.inFlightSince > SLOW_CALL_MS;
    if (isSlow || this.isUnready) this.feed.releaseHeld();
    const held = [...this.feed.held, ...this.outcomes.held];
    if (this.inFlight !== null) held.push(this.inFlight);
    if (held.length > 0) this.feed.renew(held);
  }
}
