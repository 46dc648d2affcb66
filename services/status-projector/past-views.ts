import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { DocumentStore } from '#libs/projection/document-store/document-store.port.ts';
import { EndedJobs } from '#libs/projection/ended-jobs.ts';
import { foldApi, foldJob } from '#libs/projection/fold-job.ts';
import { foldTo } from '#libs/projection/fold-to.ts';
import { nothingFolded, ViewFold } from '#libs/projection/view-fold.ts';
import type { ViewSnapshots } from '#libs/projection/view-snapshots.ts';

/** A view of everything takes memory: how long the last one is kept for further pages of a list. */
const KEPT_MS = 30_000;
const NEVER = new AbortController().signal;

/** What is known of all jobs, and waiting for what was recorded meanwhile. */
export interface FollowedJobs {
  readonly view: PlatformView;
  readonly ended: EndedJobs;
  caughtUp(): Promise<void>;
  job(id: JobId): Promise<JobView | null>;
}

export interface PastViewsDeps {
  readonly store: Pick<EventStore, 'read' | 'history' | 'follow'>;
  readonly snapshots: Pick<ViewSnapshots, 'load'>;
  readonly documents: DocumentStore;
  /** The present: it says which API a job is of, and when one changed last. */
  readonly followed: FollowedJobs;
  readonly logger: Logger;
}

/** A job as it was, and a view that has its API. */
export interface PastJob {
  readonly view: PlatformView;
  readonly job: JobView | null;
}

/**
 * What the log said at earlier positions: the same fold as the present, of a prefix.
 *
 * One job costs a reading of its history up to there, unless it had ended. Everything costs a reading of
 * the whole log from the newest snapshot if that is old enough, else from the start, or from the last
 * moment asked for.
 */
export class PastViews {
  private everything: ViewFold | null = null;
  private forgetting: NodeJS.Timeout | undefined;
  private lastUse: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: PastViewsDeps) {}

  async ofJob(id: JobId, position: Position): Promise<PastJob> {
    const { store, followed } = this.deps;
    const row = followed.view.ended.get(id);
    if (row !== null && row.position <= position) {
      const view = await foldApi(store, row.apiName, position);
      return { view, job: await followed.ended.recall(row) };
    }
    const apiName = row?.apiName ?? followed.view.jobs.get(id)?.submitted.apiName;
    if (apiName === undefined) return { view: new PlatformView(), job: null };
    const view = await foldJob(store, { apiName, jobId: id, position });
    return { view, job: view.jobs.get(id) ?? null };
  }

  /** Uses a view of everything as of `position`. One at a time: it may be folded on for the next. */
  async ofAll<T>(position: Position, use: (fold: ViewFold) => Promise<T>): Promise<T> {
    const used = this.lastUse.then(async () => use(await this.foldTo(position)));
    this.lastUse = used.catch(() => {});
    return used;
  }

  private async foldTo(position: Position): Promise<ViewFold> {
    clearTimeout(this.forgetting);
    const fold = await this.nearest(position);
    this.everything = null; // Half folded it is of no use to anybody.
    await foldTo(this.deps.store, fold, position, NEVER);
    this.everything = fold;
    this.forgetting = setTimeout(() => (this.everything = null), KEPT_MS).unref();
    return fold;
  }

  private async nearest(position: Position): Promise<ViewFold> {
    const kept = this.everything;
    if (kept !== null && kept.view.position <= position) return kept;
    const { generation } = this.deps.followed.ended;
    const saved = await this.deps.snapshots.load(generation);
    const state = saved.view.position <= position ? saved : nothingFolded();
    // What is not stored as it was then is read from the log.
    const ended = new EndedJobs(this.deps, generation, false);
    return new ViewFold(state, { ended, logger: this.deps.logger, isSilent: true });
  }
}
