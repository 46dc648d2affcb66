import { jobDecider } from '#libs/domain/job/job.decider.ts';
import type { JobCommand } from '#libs/domain/job/job.commands.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import { nextStep, type NextStep } from '#libs/domain/scheduling/next-step.ts';
import { workersLeft } from '#libs/domain/status/workers-left.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { BatchQueue } from '#libs/batch-queue/batch-queue.port.ts';
import type { Compute } from '#libs/compute/compute.port.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { handleCommand } from '#libs/event-store/handle-command.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { callCompletionHook } from './completion-hook.ts';
import { QUEUE_LOOK_MS, QueueWatch } from './queue-watch.ts';
import { workloadOf } from './workload.ts';

export interface JobKeeperDeps {
  readonly store: EventStore;
  readonly queue: BatchQueue;
  readonly blobs: BlobStore;
  readonly compute: Compute;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a handler call may go on after its job has been stopped or timed out. */
  readonly graceMs: number;
  /** Resolves when what the compute backend has reported so far is in the log. */
  reportsSettled(): Promise<void>;
  /** How often to look whether a running job's queue is still there. */
  readonly queueLookMs?: number;
  /** How often to look for queues that nobody needs any more. */
  readonly queueSweepMs?: number;
}

type Abort = Extract<NextStep, { do: 'abort' }>;

const RETRY_MS = 1000;
/** Longest delay that a Node timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Does for one job what `nextStep` says it is owed, one step at a time, again after every change.
 *
 * It keeps no state that matters: everything it decides on is in the log, so a keeper that starts
 * in the middle of a job, after a crash, goes on as if it had been there from the beginning.
 */
export class JobKeeper {
  private isBusy = false;
  private isPoked = false;
  private isStarted = false;
  /** The job's end is decided; what is left is to see it in the log. */
  private isDecided = false;
  private deadlineMs: number | null = null;
  private deadlineTimer: NodeJS.Timeout | null = null;
  private hookCall: AbortController | null = null;
  private queueWatch: QueueWatch | null = null;
  private isQueueLost = false;

  constructor(
    private readonly job: JobView,
    private readonly view: PlatformView,
    private readonly deps: JobKeeperDeps,
    private readonly options: { readonly signal: AbortSignal; onReleased(): void },
  ) {}

  /** Something about the job has changed, or its time has come. */
  poke(): void {
    if (this.options.signal.aborted) return;
    if (this.hookCall !== null && !this.mayFinish()) this.hookCall.abort();
    this.isPoked = true;
    if (!this.isBusy) void this.work();
  }

  /** Somebody else keeps the job, or nobody has to any more. */
  close(): void {
    if (this.deadlineTimer !== null) clearTimeout(this.deadlineTimer);
    this.queueWatch?.close();
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    while (this.isPoked && !this.options.signal.aborted) {
      this.isPoked = false;
      const step = nextStep(this.job, this.deps.clock().getTime());
      try {
        await this.perform(step);
      } catch (error) {
        if (this.options.signal.aborted) break;
        this.log.error({ err: error, step: step.do }, 'step failed, will retry');
        await pause(RETRY_MS, this.options.signal);
        this.isPoked = true;
      }
    }
    this.isBusy = false;
  }

  private async perform(step: NextStep): Promise<void> {
    if (this.isDecided && step.do !== 'release') return;
    switch (step.do) {
      case 'run':
        return this.run(step.deadlineMs);
      case 'abort':
        return this.abort(step);
      case 'finish':
        return this.finish(step.deadlineMs);
      case 'release':
        return this.release();
      default:
        unreachable(step);
    }
  }

  private async run(deadlineMs: number | null): Promise<void> {
    this.endBy(deadlineMs);
    this.isQueueLost ||= await this.lostItsQueueBefore();
    if (this.isQueueLost) return this.abort(queueLost(this.job));
    if (!(await this.startWorkers())) await this.abort(SPECIFICATION_MISSING);
  }

  /** @returns whether there is a specification to run them under */
  private async startWorkers(): Promise<boolean> {
    if (this.isStarted) return true;
    const workload = workloadOf(this.view, this.job);
    if (workload === null) return false;
    await this.deps.queue.create(this.job.submitted, this.job.submitted);
    if (this.options.signal.aborted) return true; // Whoever leads now starts them.
    await this.deps.compute.start(workload);
    this.isStarted = true;
    this.watchQueue();
    this.log.info({ workers: workload.workers, restart: workload.firstRestart }, 'workers started');
    return true;
  }

  /** Whoever led before may not have lived to notice; making the queue again would hide it. */
  private async lostItsQueueBefore(): Promise<boolean> {
    if (this.isStarted || this.job.batchCounts.enqueued === 0) return false;
    return !(await this.deps.queue.exists(this.job.submitted));
  }

  /** Without its queue a job with unsettled batches would wait for ever. */
  private watchQueue(): void {
    this.queueWatch = new QueueWatch(this.deps.queue, {
      key: this.job.submitted,
      intervalMs: this.deps.queueLookMs ?? QUEUE_LOOK_MS,
      logger: this.log,
      onLost: () => {
        this.isQueueLost = true;
        this.poke();
      },
    });
    if (this.options.signal.aborted) this.queueWatch.close();
  }

  private async abort({ status, reason }: Abort): Promise<void> {
    const { jobId } = this.job.submitted;
    await this.deps.compute.halt(jobId);
    await this.decide({ type: 'AbortJob', data: { jobId, status, reason } });
    this.log.info({ status, reason }, 'job ended');
  }

  private async finish(deadlineMs: number | null): Promise<void> {
    this.endBy(deadlineMs);
    const { jobId } = this.job.submitted;
    const counts = this.job.batchCounts;
    const call = new AbortController();
    this.hookCall = call;
    try {
      if (!this.mayFinish()) call.abort();
      // A scheduler that has just taken over has none yet.
      if (!(await this.startWorkers())) return await this.abort(SPECIFICATION_MISSING);
      const completionHook = await callCompletionHook(
        this.deps.compute,
        { jobId, counts, hasWorkers: () => this.hasWorkers() },
        AbortSignal.any([call.signal, this.options.signal]),
      );
      if (this.options.signal.aborted || this.isEndedByOthers()) return; // The next step sees to it.
      await this.decide({ type: 'FinishJob', data: { jobId, counts, completionHook } });
      this.log.info({ ...counts, completionHook: completionHook.result }, 'job finished');
    } finally {
      this.hookCall = null;
    }
  }

  private async release(): Promise<void> {
    const { submitted } = this.job;
    this.close();
    await this.deps.compute.stop(submitted.jobId, this.deps.graceMs);
    if (this.isStarted) await this.deps.reportsSettled();
    else await this.recordWorkersLeft();
    const { source } = submitted;
    if (source.kind === 'item_list') await this.deps.blobs.delete(source.itemsKey);
    // Last: by its queue, whoever takes over knows a job that was not let go of to the end.
    await this.deps.queue.delete(submitted);
    this.isPoked = false; // What comes after the end changes nothing.
    this.options.onReleased();
  }

  /** Workers that another scheduler started have left, or will: it did not live to say so. */
  private async recordWorkersLeft(): Promise<void> {
    const { apiName, jobId } = this.job.submitted;
    const at = this.deps.clock().toISOString();
    const facts = workersLeft(this.job).map((event) => ({ id: eventId(event), at, event }));
    if (facts.length === 0) return;
    await this.deps.store.record({ kind: 'worker', apiName, jobId }, facts);
  }

  private async decide(command: JobCommand): Promise<void> {
    const { apiName, jobId } = this.job.submitted;
    const stamp = { idOf: eventId, now: this.deps.clock };
    await handleCommand(this.deps.store, jobDecider, stamp, {
      lane: { kind: 'job', apiName, jobId },
      command,
    });
    this.isDecided = true;
  }

  /** A hook call goes on until the job is stopped or its time is over. */
  private mayFinish(): boolean {
    return !this.isEndedByOthers() && !this.isOverdue();
  }

  private isEndedByOthers(): boolean {
    const { stopRequest, isApiDeleted, end } = this.job;
    return stopRequest !== null || isApiDeleted || end !== null;
  }

  private isOverdue(): boolean {
    return this.deadlineMs !== null && this.deps.clock().getTime() >= this.deadlineMs;
  }

  private hasWorkers(): boolean {
    return [...this.job.workers.values()].some((worker) => !worker.isLost);
  }

  private endBy(deadlineMs: number | null): void {
    if (deadlineMs === null || this.deadlineMs !== null) return;
    this.deadlineMs = deadlineMs;
    this.waitUntil(deadlineMs);
  }

  /** A timer may be early by the clock, and takes no long delay: so it looks at the clock again. */
  private waitUntil(timeMs: number): void {
    if (this.options.signal.aborted) return;
    const delayMs = timeMs - this.deps.clock().getTime();
    if (delayMs <= 0) return this.poke();
    const onTime = (): void => this.waitUntil(timeMs);
    this.deadlineTimer = setTimeout(onTime, Math.min(delayMs, TIMER_MS_MAX));
  }

  private get log(): Logger {
    const { jobId, apiName } = this.job.submitted;
    return this.deps.logger.child({ jobId, apiName });
  }
}

const queueLost = ({ submitted }: JobView): Abort => ({
  do: 'abort',
  status: 'unexpected_error',
  reason: {
    kind: 'queue.lost',
    message: `the job's queue ${submitted.queueUrl} is gone, and the batches that were on it; it was deleted while the job ran`,
  },
});

const SPECIFICATION_MISSING = {
  do: 'abort',
  status: 'unexpected_error',
  reason: {
    kind: 'api.specification_missing',
    message: 'the specification that the job was submitted under is not in the log',
  },
} as const;
