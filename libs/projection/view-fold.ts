import type { EndedJob } from '#libs/domain/status/ended-job-table.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { mayRetire, PlatformView } from '#libs/domain/status/platform-view.ts';
import type { LogEntry } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { type EndedJobs, JobNotInLog } from './ended-jobs.ts';

/** Parked events that are kept for people to look at; all are in the log. */
const PARKED_MAX = 100;
const RETRY_MS = 1000;

/** An unreadable event that was set aside; it stays in the log at its position. */
export interface ParkedEvent {
  readonly position: number;
  readonly subject: string;
  readonly problem: string;
}

/** What was made of the log up to a position. */
export interface FoldedState {
  readonly view: PlatformView;
  readonly parked: readonly ParkedEvent[];
}

export const nothingFolded = (): FoldedState => ({ view: new PlatformView(), parked: [] });

export interface ViewFoldOptions {
  readonly ended: EndedJobs;
  readonly logger: Logger;
  /** Whether parked events are told of; they are when they are new. */
  readonly isSilent?: boolean;
}

/**
 * Folds the log into a `PlatformView` that holds no more of ended jobs than their rows.
 *
 * After each group of entries all jobs are retired that may be; so of whatever groups the log came in,
 * the views at a position are equal.
 */
export class ViewFold {
  readonly view: PlatformView;
  private parkedEvents: ParkedEvent[];

  constructor(
    state: FoldedState,
    private readonly options: ViewFoldOptions,
  ) {
    this.view = state.view;
    this.parkedEvents = [...state.parked];
  }

  get ended(): EndedJobs {
    return this.options.ended;
  }

  /** The newest unreadable events, oldest first. */
  get parked(): readonly ParkedEvent[] {
    return this.parkedEvents;
  }

  /**
   * Takes entries behind the view's position. Until it resolves the view is as it was.
   *
   * @returns the jobs that they were about, but for those that had been retired before: nothing that
   *   can happen to them is news. Nothing is taken when `signal` aborts meanwhile
   */
  async take(entries: readonly LogEntry[], signal: AbortSignal): Promise<ReadonlySet<JobView>> {
    const rows = this.retiredAmong(entries);
    if (rows.length > 0) {
      const recalled = await Promise.all(rows.map((row) => this.recall(row, signal)));
      if (signal.aborted) return new Set();
      for (const job of recalled) if (job !== null) this.view.recall(job);
    }
    const wereRetired = new Set(rows.map(({ jobId }) => jobId));
    const changed = this.takeAll(entries);
    for (const job of changed) {
      if (mayRetire(job)) this.view.retire(job, this.ended.keep(job));
      if (wereRetired.has(job.submitted.jobId)) changed.delete(job);
    }
    return changed;
  }

  /** Ended jobs that a worker is still said something of: seldom any. */
  private retiredAmong(entries: readonly LogEntry[]): readonly EndedJob[] {
    const { view } = this;
    const rows = new Map<string, EndedJob>();
    for (const entry of entries) {
      if (entry.kind === 'unreadable') continue;
      const { event } = entry.logged;
      if (event.type !== 'WorkerStateChanged' && event.type !== 'WorkerStalled') continue;
      const { jobId } = event.data;
      const row = view.jobs.has(jobId) ? null : view.ended.get(jobId);
      if (row !== null) rows.set(jobId, row);
    }
    return [...rows.values()];
  }

  /** `null` when there is nothing to recall it from, and so nothing to show. */
  private async recall(row: EndedJob, signal: AbortSignal): Promise<JobView | null> {
    while (!signal.aborted) {
      try {
        return await this.ended.recall(row);
      } catch (error) {
        this.options.logger.warn({ err: error, jobId: row.jobId }, 'ended job not recalled');
        if (error instanceof JobNotInLog) return null;
        await pause(RETRY_MS, signal);
      }
    }
    return null;
  }

  private takeAll(entries: readonly LogEntry[]): Set<JobView> {
    const changed = new Set<JobView>();
    for (const entry of entries) {
      for (const job of this.takeOne(entry)) changed.add(job);
    }
    return changed;
  }

  /** No entry may end the loop: one that cannot be taken is set aside and the next one is read. */
  private takeOne(entry: LogEntry): readonly JobView[] {
    if (entry.kind === 'unreadable') {
      this.view.skip(entry.unreadable.position);
      this.park(entry.unreadable);
      return [];
    }
    try {
      return this.view.apply(entry.logged);
    } catch (error) {
      const { position, event } = entry.logged;
      this.park({ position, subject: event.type, problem: `cannot be applied: ${String(error)}` });
      return [];
    }
  }

  private park(event: ParkedEvent): void {
    const { isSilent = false, logger } = this.options;
    if (!isSilent) logger.error({ ...event }, 'event parked: it cannot be read');
    this.parkedEvents.push(event);
    if (this.parkedEvents.length > PARKED_MAX) this.parkedEvents.shift();
  }
}
