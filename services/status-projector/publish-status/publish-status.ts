import type { JobId } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import type { StatusFeed } from '#libs/messaging/status-feed.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { aborted, pause } from '#libs/platform/pause.ts';
import { StatusThrottle } from './status-throttle.ts';

/** Five documents a second of each job. */
const INTERVAL_MS = 200;
/**
 * Jobs that ended so lately are told again by whoever takes over: who published before may have
 * died between a job's end and telling it. Longer than a lease lasts.
 */
const RECENT_MS = 60_000;
const RETRY_MS = 1000;

/** What is known of all jobs, and waiting for what was recorded meanwhile. */
export interface FollowedJobs {
  readonly view: PlatformView;
  readonly position: number;
  caughtUp(): Promise<void>;
  job(id: JobId): Promise<JobView | null>;
}

export interface PublishStatusDeps {
  readonly store: Pick<EventStore, 'momentAt'>;
  readonly followed: FollowedJobs;
  readonly feed: StatusFeed;
  /** Of several projectors one publishes. */
  readonly lease: LeaderLease;
  readonly clock: Clock;
  /** The rule as of the time it is asked for. */
  readonly stalledRule: () => StalledRule;
  readonly logger: Logger;
}

/** Publishes the status document of every job that changes, at most five times a second each. */
export class PublishStatus {
  private readonly throttle = new StatusThrottle<JobId>(INTERVAL_MS);
  /** Jobs that wait to be told, as they are: after a rebuild a job is another object. */
  private readonly waiting = new Map<JobId, JobView>();
  /** Jobs whose last document was published: what workers do after it changes nothing in it. */
  private ended = new WeakSet<JobView>();
  private timer: NodeJS.Timeout | null = null;
  private isPublishing = false;

  constructor(private readonly deps: PublishStatusDeps) {}

  /** Ends when `signal` aborts, after telling what was still to be told. */
  async run(signal: AbortSignal): Promise<void> {
    await this.caughtUp(signal);
    while (!signal.aborted) {
      const lost = await this.deps.lease.acquire(signal).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (lost === null) return;
      await this.publishUntil(lost);
    }
  }

  /** Also when the log cannot be asked where it ends: then it is asked again. */
  private async caughtUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        return await Promise.race([this.deps.followed.caughtUp(), aborted(signal)]);
      } catch (error) {
        this.deps.logger.warn({ err: error }, 'not caught up with the log, will retry');
        await pause(RETRY_MS, signal);
      }
    }
  }

  /** Takes jobs that have changed. */
  changed(jobs: Iterable<JobView>): void {
    if (!this.isPublishing) return;
    for (const job of jobs) {
      const { jobId } = job.submitted;
      this.waiting.set(jobId, job);
      if (this.throttle.changed(jobId, performance.now())) this.publish(jobId);
    }
    this.wakeInTime();
  }

  private async publishUntil(lost: AbortSignal): Promise<void> {
    this.deps.logger.info('publishing status documents');
    this.isPublishing = true;
    const stopListening = this.deps.feed.onLost(() => this.tellAll());
    this.tellAll();
    await aborted(lost);
    stopListening();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const jobId of this.throttle.flush()) this.publish(jobId);
    this.isPublishing = false;
  }

  private tellAll(): void {
    this.ended = new WeakSet();
    const sinceMs = this.deps.clock().getTime() - RECENT_MS;
    const jobs = [...this.deps.followed.view.jobs.values()];
    this.changed(jobs.filter((job) => isLive(job, sinceMs)));
    this.tellRetired(sinceMs).catch((error: unknown) => {
      this.deps.logger.warn({ err: error }, 'jobs that ended lately not told again');
    });
  }

  /** Jobs that ended lately and are not in the view any more. */
  private async tellRetired(sinceMs: number): Promise<void> {
    const { store, followed } = this.deps;
    // Clocks differ: those who wrote the ends had their own.
    const moment = await store.momentAt(new Date(sinceMs - RECENT_MS));
    for (const { jobId } of followed.view.ended.changedAfter(moment?.position ?? 0)) {
      const job = await followed.job(jobId);
      if (job !== null && isLive(job, sinceMs)) this.changed([job]);
    }
  }

  private wakeInTime(): void {
    if (this.timer !== null) return;
    const dueMs = this.throttle.nextDueMs();
    if (dueMs === null) return;
    const tell = (): void => {
      this.timer = null;
      for (const jobId of this.throttle.due(performance.now())) this.publish(jobId);
      this.wakeInTime();
    };
    this.timer = setTimeout(tell, Math.max(1, dueMs - performance.now()));
  }

  private publish(jobId: JobId): void {
    const job = this.waiting.get(jobId);
    this.waiting.delete(jobId);
    if (job === undefined || this.ended.has(job)) return;
    const { apiName } = job.submitted;
    try {
      this.deps.feed.publish({
        apiName,
        jobId,
        position: this.deps.followed.position,
        at: this.deps.clock(),
        documentJson: stringifyWithRaw(jobStatusDocument(job, this.deps.stalledRule())),
      });
      if (job.end !== null) this.ended.add(job);
    } catch (error) {
      this.deps.logger.warn({ err: error, jobId }, 'status document not published');
    }
  }
}

const isLive = ({ end }: JobView, sinceMs: number): boolean =>
  end === null || Date.parse(end.at) >= sinceMs;
