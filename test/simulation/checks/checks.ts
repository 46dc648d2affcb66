import { isDeepStrictEqual } from 'node:util';
import type {
  JobQueueKey,
  LeasedBatch,
  OutgoingBatch,
} from '#libs/batch-queue/batch-queue.port.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { EndStatus } from '#libs/domain/job/job-status-code.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { BatchCall, HandlerObserver } from '../actors/simulated-handler.ts';
import { EPOCH_MS, type SimProcess } from '../kernel/sim-process.ts';
import type { JobPlan } from '../scenario.ts';
import type { World } from '../world.ts';
import type { QueueObserver } from '../wire/wired-batch-queue.ts';
import type { StoreObserver } from '../wire/wired-event-store.ts';
import { endStatusProblem } from './end-status.ts';
import { payloadText } from './expected-batches.ts';
import { JobLedger } from './job-ledger.ts';

/** Says what is wrong as soon as it is. */
export class Checks implements QueueObserver, StoreObserver {
  readonly jobs = new Map<JobId, JobLedger>();
  readonly log: LoggedEvent[] = [];
  /** The platform's fold of the log, as of now. */
  readonly view = new PlatformView();
  /** The first thing that was wrong. */
  problem: string | null = null;
  /** Calls after a job's end by workers of a scheduler that does not lead any more. */
  strayCallCount = 0;

  constructor(private readonly world: World) {}

  fail(problem: string): void {
    this.problem ??= problem;
  }

  /** Reads along: every event is checked in the step that appends it. */
  async followLog(): Promise<void> {
    const { signal } = new AbortController();
    for await (const entries of this.world.store.follow(0, signal)) {
      for (const entry of entries) {
        if (entry.kind === 'event') this.take(entry.logged);
        else this.fail(`an unreadable event: ${entry.unreadable.problem}`);
      }
    }
  }

  sent({ jobId }: JobQueueKey, batches: readonly OutgoingBatch[]): void {
    const job = this.jobs.get(jobId);
    for (const { index, payload } of batches) {
      if (job === undefined) return this.fail(`a batch of no job was sent`);
      job.sent.add(index);
      this.checkPayload(job, index, payload);
    }
  }

  removed({ jobId }: JobQueueKey, batches: readonly LeasedBatch[]): void {
    const job = this.jobs.get(jobId);
    for (const { index } of batches) {
      // Behind the end of the job outcomes do not count any more, so they are not looked for.
      if (job === undefined || job.end !== null || job.isSettled(index)) continue;
      this.fail(
        `batch ${index} of job ${job.plan.number} left the queue before its outcome was recorded`,
      );
    }
  }

  /** Remembers who ended a job. */
  appended(event: PlatformEvent, by: SimProcess): void {
    if (event.type !== 'JobCompleted') return;
    const job = this.jobs.get(event.data.jobId);
    if (job !== undefined) job.endedBy = by;
  }

  planOf(jobId: JobId): JobPlan {
    return this.ledgerOf(jobId).plan;
  }

  workersLost(jobId: JobId): void {
    this.ledgerOf(jobId).areWorkersLost = true;
  }

  handlerObserver(jobId: JobId, supervisor: SimProcess): HandlerObserver {
    const job = this.ledgerOf(jobId);
    const { number } = job.plan;
    return {
      batchCalled: (call) => this.batchCalled(job, call, supervisor),
      batchHandled: ({ index, worker }) => {
        job.handled.add(index);
        job.lastHandled.set(worker, index);
      },
      hookCalled: () => {
        const { remaining } = job.counts;
        const isSettled = job.total !== null && (job.end !== null || remaining === 0);
        if (!isSettled) this.fail(`the hook of job ${number} was called before its last batch`);
      },
      hookAcknowledged: (worker) => {
        const count = (job.hookAcknowledgements.get(worker) ?? 0) + 1;
        job.hookAcknowledgements.set(worker, count);
        if (count > 1) this.fail(`worker ${worker} called the hook of job ${number} again`);
      },
    };
  }

  private ledgerOf(jobId: JobId): JobLedger {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new Error(`a worker of a job that is not in the log: ${jobId}`);
    return job;
  }

  private batchCalled(
    job: JobLedger,
    { index, attempt, payload, worker }: BatchCall,
    supervisor: SimProcess,
  ): void {
    const { number, receiveCountMax } = job.plan;
    this.checkPayload(job, index, payload);
    if (receiveCountMax !== null && attempt > receiveCountMax) {
      this.fail(`batch ${index} of job ${number} was handled in attempt ${attempt}`);
    }
    const last = job.lastHandled.get(worker);
    if (
      receiveCountMax !== null &&
      last !== undefined &&
      !job.isSettled(last) &&
      job.end === null
    ) {
      this.fail(`batch ${index} of job ${number} was handled before batch ${last} was recorded`);
    }
    // In a job whose batches are all settled, whoever wakes up late repeats one, and may.
    if (job.end === null || isFinished(job.end.status)) return;
    // A scheduler answers for its own workers; those of one that was paused know of no end.
    if (job.endedBy !== supervisor) this.strayCallCount += 1;
    else this.fail(`batch ${index} of job ${number} was handled after ${job.end.status}`);
  }

  private checkPayload(job: JobLedger, index: number, payload: Uint8Array): void {
    const isThere = index >= 0 && index < job.batchCount;
    const isRight = isThere && Buffer.from(payload).toString() === payloadText(job.plan, index);
    if (!isRight) this.fail(`batch ${index} of job ${job.plan.number} holds other items`);
  }

  private take(logged: LoggedEvent): void {
    const { event } = logged;
    this.log.push(logged);
    const [job] = this.view.apply(logged);
    if (event.type === 'JobSubmitted') return this.addJob(event.data, logged.at);
    if (job === undefined) return;
    const ledger = this.jobs.get(job.submitted.jobId);
    if (ledger === undefined) return this.fail(`${event.type} is about a job that is unknown`);
    const problem = this.problemOf(ledger, logged) ?? countProblem(ledger, job);
    if (problem !== null) this.fail(`job ${ledger.plan.number}, ${event.type}: ${problem}`);
  }

  private problemOf(ledger: JobLedger, { event }: LoggedEvent): string | null {
    switch (event.type) {
      case 'EnqueuingCompleted':
      case 'EnqueuingFailed':
      case 'JobStopRequested':
        return ledger.takeJobEvent(event);
      case 'JobCompleted': {
        const { nowMs } = this.world.time;
        const areClocksRight = this.world.scenario.process.clockJump === null;
        return ledger.takeJobEvent(event) ?? endStatusProblem(ledger, { nowMs, areClocksRight });
      }
      case 'BatchEnqueued':
      case 'LinesSkipped':
      case 'JobStarted':
      case 'BatchSucceeded':
      case 'BatchFailed':
      case 'BatchDeadLettered':
        return ledger.takeBatchEvent(event);
      case 'JobSubmitted':
      case 'WorkerStateChanged':
      case 'WorkerStalled':
      case 'WebhookDelivered':
      case 'WebhookFailed':
      case 'ApiDeployed':
      case 'ApiDeleted':
      case 'IdempotencyKeyClaimed':
      case 'LogCheckpointed':
      case 'JobArchived':
        return null;
      default:
        return unreachable(event);
    }
  }

  private addJob(data: JobLedger['submitted'], at: string): void {
    const number = Number(data.config?.text);
    const plan = this.world.scenario.jobs.find((each) => each.number === number);
    if (plan === undefined) return this.fail(`nobody submitted job ${data.config?.text}`);
    const isTwice = [...this.jobs.values()].some((job) => job.plan === plan);
    if (isTwice) this.fail(`job ${number} is in the log twice`);
    this.jobs.set(data.jobId, new JobLedger(data, plan, Date.parse(at) - EPOCH_MS));
  }
}

const isFinished = (status: EndStatus): boolean =>
  status === 'succeeded' || status === 'completed_with_failures';

function countProblem(ledger: JobLedger, job: JobView): string | null {
  const counts = job.batchCounts;
  const { enqueued, succeeded, failed, deadLettered, cancelled, remaining } = counts;
  if (succeeded + failed + deadLettered + cancelled + remaining !== enqueued) {
    return `the counts do not add up: ${JSON.stringify(counts)}`;
  }
  const shown = [counts, job.failedAttempts, job.averageSeconds];
  const right = [ledger.counts, ledger.failedAttempts.size, ledger.averageSeconds];
  if (isDeepStrictEqual(shown, right)) return null;
  return `counted ${JSON.stringify(shown)}, and it is ${JSON.stringify(right)}`;
}
