import type { EventStore, LifecycleDelivery } from '#libs/event-store/event-store.port.ts';
import type { JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { Logger } from '#libs/platform/logger.ts';

/** What is done with a submitted job. */
export interface JobWork {
  execute(submitted: JobSubmitted['data'], signal: AbortSignal): Promise<void>;
  fail(submitted: JobSubmitted['data'], message: string): Promise<void>;
}

export interface TakeJobsOptions {
  readonly leaseMs: number;
  readonly jobsMax: number;
  readonly logger: Logger;
  /** Whether the same work may succeed later without anybody changing anything. */
  readonly isTransient: (error: unknown) => boolean;
}

const RETRY_MS = 1000;

/**
 * Takes submitted jobs off the log, shared with the other enqueuers, and has each enqueued.
 *
 * Work is renewed while it goes on: a job whose enqueuer dies is handed to another within one lease.
 */
export class TakeJobs {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly store: EventStore,
    private readonly work: JobWork,
    private readonly options: TakeJobsOptions,
  ) {}

  /** Ends when `signal` aborts and the work in hand has stopped. */
  async run(signal: AbortSignal): Promise<void> {
    const { leaseMs, jobsMax } = this.options;
    for await (const delivery of this.store.shareLifecycle('enqueuer', { leaseMs, signal })) {
      const { event } = delivery.logged;
      if (event.type !== 'JobSubmitted') {
        await delivery.done();
        continue;
      }
      const task = this.take(delivery, event.data, signal);
      this.running.add(task);
      void task.finally(() => this.running.delete(task));
      if (this.running.size >= jobsMax) await Promise.race(this.running);
    }
    await Promise.all(this.running);
  }

  private async take(
    delivery: LifecycleDelivery,
    submitted: JobSubmitted['data'],
    signal: AbortSignal,
  ): Promise<void> {
    const { leaseMs, logger, isTransient } = this.options;
    const renewal = setInterval(() => delivery.renew(), leaseMs / 3);
    try {
      await this.work.execute(submitted, signal);
      await delivery.done();
    } catch (error) {
      if (signal.aborted) return delivery.retry(0); // For another enqueuer to resume.
      logger.error({ err: error, jobId: submitted.jobId }, 'enqueuing interrupted');
      if (!isTransient(error)) await this.giveUp(submitted, String(error));
      delivery.retry(RETRY_MS); // Finds the job failed, or resumes it.
    } finally {
      clearInterval(renewal);
    }
  }

  private async giveUp(submitted: JobSubmitted['data'], message: string): Promise<void> {
    try {
      await this.work.fail(submitted, message);
    } catch (error) {
      this.options.logger.error({ err: error }, 'cannot record that enqueuing failed; will retry');
    }
  }
}
