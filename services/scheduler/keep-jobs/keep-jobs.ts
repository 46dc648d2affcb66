import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import { JobKeeper, type JobKeeperDeps } from './job-keeper.ts';

/** Has every job that is not done with kept by a `JobKeeper`. */
export class KeepJobs {
  private readonly keepers = new Map<JobId, JobKeeper>();

  constructor(
    private readonly view: PlatformView,
    private readonly deps: JobKeeperDeps,
    private readonly signal: AbortSignal,
  ) {}

  /** Takes over every job that has not ended, and cleans up what is left of those that have. */
  async takeOver(): Promise<void> {
    for (const job of this.view.jobs.values()) {
      if (job.end === null) this.keep(job);
    }
    for (const key of await this.deps.queue.list()) {
      const job = this.view.jobs.get(key.jobId);
      if (job === undefined) await this.deps.queue.delete(key);
      else if (job.end !== null) this.keep(job);
    }
  }

  changed(jobs: Iterable<JobView>): void {
    for (const job of jobs) {
      const keeper = this.keepers.get(job.submitted.jobId);
      if (keeper !== undefined) keeper.poke();
      else if (job.end === null) this.keep(job);
    }
  }

  private keep(job: JobView): void {
    const { jobId } = job.submitted;
    const keeper = new JobKeeper(job, this.view, this.deps, {
      signal: this.signal,
      onReleased: () => this.keepers.delete(jobId),
    });
    this.keepers.set(jobId, keeper);
    keeper.poke();
  }
}
