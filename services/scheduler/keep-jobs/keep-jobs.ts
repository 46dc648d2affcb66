import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { workersLeft } from '#libs/domain/status/workers-left.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import { pause } from '#libs/platform/pause.ts';
import { JobKeeper, type JobKeeperDeps } from './job-keeper.ts';
import { QUEUE_LOOK_MS } from './queue-watch.ts';

const RETRY_MS = 1000;

/** What is known of all jobs, and waiting for what was recorded meanwhile. */
export interface FollowedJobs {
  readonly view: PlatformView;
  caughtUp(): Promise<void>;
  /** Also one that has ended and is not in the view any more; `null` when nobody knows it. */
  job(id: JobId): Promise<JobView | null>;
}

/** What a job has left behind. */
interface Leftover {
  readonly jobId: JobId;
  /** For when nobody knows the job. */
  readonly remove: () => Promise<void>;
}

/** Has every job that is not done with kept by a `JobKeeper`, until `signal` aborts. */
export class KeepJobs {
  private readonly keepers = new Map<JobId, JobKeeper>();

  constructor(
    private readonly followed: FollowedJobs,
    private readonly deps: JobKeeperDeps,
    private readonly signal: AbortSignal,
  ) {
    const close = (): void => {
      for (const keeper of this.keepers.values()) keeper.close();
    };
    signal.addEventListener('abort', close, { once: true });
  }

  /**
   * Takes over every job that has not ended, and cleans up what is left of those that have: also
   * later, since a late sender leaves batches behind, and a server that crashes after a queue was
   * deleted may come back with what was on it. Ends when `signal` aborts.
   */
  async takeOver(): Promise<void> {
    for (const job of this.followed.view.jobs.values()) {
      // One that has ended, of whose workers nobody said that they left, was not let go of to the end.
      if (job.end === null || workersLeft(job).length > 0) this.keep(job);
    }
    const { logger, queueSweepMs = QUEUE_LOOK_MS } = this.deps;
    while (!this.signal.aborted) {
      const isSwept = await this.sweep().then(
        () => true,
        (error: unknown) => {
          logger.warn({ err: error }, 'leftovers not swept, will retry');
          return false;
        },
      );
      await pause(isSwept ? queueSweepMs : RETRY_MS, this.signal);
    }
  }

  changed(jobs: Iterable<JobView>): void {
    for (const job of jobs) {
      const keeper = this.keepers.get(job.submitted.jobId);
      if (keeper !== undefined) keeper.poke();
      else if (job.end === null) this.keep(job);
    }
  }

  private async sweep(): Promise<void> {
    const sweeps = await Promise.allSettled([this.sweepWorkers(), this.sweepQueues()]);
    const errors = sweeps.flatMap((sweep) => (sweep.status === 'rejected' ? [sweep.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, 'some leftovers cannot be removed');
  }

  /** Workers outlive a scheduler where they are not its children. */
  private async sweepWorkers(): Promise<void> {
    const jobIds = await this.deps.compute.list();
    await this.followed.caughtUp(); // Workers are started after their job, so now it is known.
    await this.sweepEach(
      jobIds.map((jobId) => ({ jobId, remove: () => this.deps.compute.stop(jobId, 0) })),
    );
  }

  private async sweepQueues(): Promise<void> {
    const keys = await this.deps.queue.list();
    await this.followed.caughtUp(); // A queue is made after its job, so now its job is known.
    await this.sweepEach(
      keys.map((key) => ({ jobId: key.jobId, remove: () => this.deps.queue.delete(key) })),
    );
  }

  /** One that cannot be removed keeps no other from its turn. */
  private async sweepEach(leftovers: readonly Leftover[]): Promise<void> {
    const errors: unknown[] = [];
    for (const { jobId, remove } of leftovers) {
      try {
        const job = await this.followed.job(jobId);
        if (job === null) await remove();
        else if (job.end !== null && !this.keepers.has(jobId)) this.keep(job);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'some leftovers cannot be removed');
  }

  private keep(job: JobView): void {
    const { jobId } = job.submitted;
    const keeper = new JobKeeper(job, this.followed.view, this.deps, {
      signal: this.signal,
      onReleased: () => this.keepers.delete(jobId),
    });
    this.keepers.set(jobId, keeper);
    keeper.poke();
  }
}
