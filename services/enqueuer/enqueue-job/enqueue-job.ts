import type { JobSubmitted, Reason } from '#libs/domain/job/job.events.ts';
import { jobDecider } from '#libs/domain/job/job.decider.ts';
import type { JobCommand } from '#libs/domain/job/job.commands.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import type { EnqueuedTotal, JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { BatchQueue, JobQueueKey } from '#libs/batch-queue/batch-queue.port.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { handleCommand } from '#libs/event-store/handle-command.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { ChunkBuffer } from './chunk-buffer.ts';
import { ChunkSender } from './chunk-sender.ts';
import { batchSourceOf, type Inputs } from './sources/batch-source-of.ts';

/** How often enqueuing looks whether the job has been stopped meanwhile. */
const STOP_CHECK_MS = 250;

export interface EnqueueJobDeps extends Inputs {
  readonly store: EventStore;
  readonly queue: BatchQueue;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Turns a job's input into batches on its queue.
 *
 * Each chunk is sent, then recorded with the cursor behind it. A crash in between repeats sends,
 * which are recognised by the batches' ids: resuming duplicates nothing.
 */
export class EnqueueJob {
  constructor(private readonly deps: EnqueueJobDeps) {}

  /**
   * @throws EventStoreUnavailable, BatchQueueUnavailable, BlobStoreUnavailable or
   *   InputFilesUnavailable: try again later
   */
  async execute(submitted: JobSubmitted['data'], signal: AbortSignal): Promise<void> {
    const job = await this.viewOf(submitted);
    if (job !== null && isWanted(job)) await this.enqueueToEnd(job, signal);
    // The scheduler may have deleted the queue before we made it, or before our last send.
    if (await this.isStopped(submitted)) await this.letGo(submitted);
  }

  /** Ends a job whose enqueuing failed for a reason nobody foresaw. */
  async fail({ jobId, apiName }: JobSubmitted['data'], message: string): Promise<void> {
    const reason = { kind: 'enqueue.unexpected_error', message };
    await this.decide({ jobId, apiName }, { type: 'FailEnqueuing', data: { jobId, reason } });
  }

  private async enqueueToEnd(job: JobView, signal: AbortSignal): Promise<void> {
    const { submitted } = job;
    const log = this.deps.logger.child({ jobId: submitted.jobId, apiName: submitted.apiName });
    log.info({ resumedAtBatch: job.cursor.batchCount }, 'enqueuing');
    try {
      const total = await this.enqueue(job, signal);
      if (total === null) return log.info('enqueuing given up: the job has been stopped');
      const { batchCount: totalBatchCount, itemCount: totalItemCount, skippedLineCount } = total;
      await this.decide(submitted, {
        type: 'CompleteEnqueuing',
        data: { jobId: submitted.jobId, totalBatchCount, totalItemCount, skippedLineCount },
      });
      log.info(total, 'enqueued');
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      const reason: Reason = { kind: error.code, message: error.message };
      log.warn({ reason }, 'enqueuing failed');
      await this.decide(submitted, {
        type: 'FailEnqueuing',
        data: { jobId: submitted.jobId, reason },
      });
    }
  }

  /** The queue goes last: by it a scheduler knows a job whose items may be left. */
  private async letGo(submitted: JobSubmitted['data']): Promise<void> {
    const { source } = submitted;
    if (source.kind === 'item_list') await this.deps.blobs.delete(source.itemsKey);
    await this.deps.queue.delete(submitted);
  }

  /** What the log knows of the job, for resuming. */
  private async viewOf({ apiName, jobId }: JobSubmitted['data']): Promise<JobView | null> {
    const view = new PlatformView();
    for await (const entry of this.deps.store.history(apiName, jobId)) {
      if (entry.kind === 'event') view.apply(entry.logged);
    }
    return view.jobs.get(jobId) ?? null;
  }

  /** @returns the totals, or `null` when the job was stopped meanwhile */
  private async enqueue(job: JobView, signal: AbortSignal): Promise<EnqueuedTotal | null> {
    const { submitted, cursor } = job;
    const { deadLetterQueue } = submitted;
    await this.deps.queue.create(submitted, { deadLetterQueue });
    const sender = new ChunkSender(this.deps, submitted, await this.alreadySent(job));
    const left = new AbortController();
    const chunks = new ChunkBuffer(cursor, AbortSignal.any([signal, left.signal]));
    const filling = chunks.fillFrom(batchSourceOf(submitted.source, this.deps));
    try {
      return await this.sendAll(sender, chunks, job, signal);
    } finally {
      left.abort(new Error('nobody takes the batches any more'));
      await filling;
      await sender.idle(); // Whoever cleans up after this must find what was sent.
    }
  }

  private async sendAll(
    sender: ChunkSender,
    chunks: ChunkBuffer,
    job: JobView,
    signal: AbortSignal,
  ): Promise<EnqueuedTotal | null> {
    let { batchCount, itemCount } = job.cursor;
    let checkedAtMs = this.deps.clock().getTime();
    while (!chunks.isDrained) {
      const chunk = await chunks.take(STOP_CHECK_MS);
      if (chunk !== null) {
        await sender.add(chunk);
        batchCount += chunk.batches.length;
        itemCount += chunk.itemCount;
      }
      if (signal.aborted) throw signal.reason;
      if (this.deps.clock().getTime() - checkedAtMs < STOP_CHECK_MS) continue;
      checkedAtMs = this.deps.clock().getTime();
      if (await this.isStopped(job.submitted)) return null;
    }
    await sender.finish();
    return { batchCount, itemCount, skippedLineCount: chunks.takenSkippedLineCount };
  }

  /** Batches behind the cursor that an enqueuer sent before it crashed. */
  private async alreadySent(job: JobView): Promise<ReadonlySet<number>> {
    const { batchCount } = job.cursor;
    const sent = new Set(await this.deps.queue.sentIndexes(job.submitted, batchCount));
    for (let index = batchCount; index < job.batchCounts.enqueued; index++) {
      if (job.isSettled(index)) sent.add(index);
    }
    return sent;
  }

  private async isStopped({ apiName, jobId }: JobQueueKey): Promise<boolean> {
    const { events } = await this.deps.store.read({ kind: 'job', apiName, jobId });
    return events.some(
      ({ event }) => event.type === 'JobStopRequested' || event.type === 'JobCompleted',
    );
  }

  private async decide({ apiName, jobId }: JobQueueKey, command: JobCommand): Promise<void> {
    const stamp = { idOf: eventId, now: this.deps.clock };
    await handleCommand(this.deps.store, jobDecider, stamp, {
      lane: { kind: 'job', apiName, jobId },
      command,
    });
  }
}

const isWanted = (job: JobView): boolean =>
  job.end === null &&
  job.stopRequest === null &&
  job.enqueuingFailure === null &&
  job.total === null;
