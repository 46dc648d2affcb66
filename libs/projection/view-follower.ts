import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { EventStore, LogEntry } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { CoalescedCall } from './coalesced-call.ts';
import type { DocumentStore } from './document-store/document-store.port.ts';
import { EndedJobs } from './ended-jobs.ts';
import { foldTo } from './fold-to.ts';
import { readProjectionState } from './projection-record.ts';
import { nothingFolded, type ParkedEvent, ViewFold } from './view-fold.ts';
import type { ViewSnapshots } from './view-snapshots.ts';

export interface ViewFollowerDeps {
  readonly store: EventStore;
  readonly snapshots: ViewSnapshots;
  readonly documents: DocumentStore;
  readonly logger: Logger;
  /** Whether it stores documents of ended jobs; otherwise it reads what others store. */
  readonly isWriter?: boolean;
}

/** Keeps a `PlatformView` at the end of the log, from the newest snapshot on. */
export class ViewFollower {
  private readonly waiting: { readonly position: number; readonly resolve: () => void }[] = [];
  private readonly lastPosition: CoalescedCall<number>;
  /** When the newest event that was taken since the start was recorded; RFC 3339. */
  newestAt: string | null = null;
  private listener: (jobs: ReadonlySet<JobView>) => void = () => {};
  private successor: ViewFold | null = null;
  private handover = new AbortController();

  private constructor(
    private readonly deps: ViewFollowerDeps,
    private fold: ViewFold,
  ) {
    this.lastPosition = new CoalescedCall(() => deps.store.lastPosition());
  }

  static async open(deps: ViewFollowerDeps): Promise<ViewFollower> {
    const { generation } = await readProjectionState(deps.documents);
    return new ViewFollower(deps, await openFold(deps, generation));
  }

  /** The state of everything, as of `position`. Another one after a rebuild: do not hold on to it. */
  get view(): PlatformView {
    return this.fold.view;
  }

  /** Position of the newest entry taken, readable or not. */
  get position(): number {
    return this.view.position;
  }

  get parked(): readonly ParkedEvent[] {
    return this.fold.parked;
  }

  /** Ended jobs that the view has but rows of. */
  get ended(): EndedJobs {
    return this.fold.ended;
  }

  /** Which rebuild of the projection this is. */
  get generation(): number {
    return this.ended.generation;
  }

  /** A job that the view knows, wherever the rest of it is. `null` when it knows none. */
  async job(id: JobId): Promise<JobView | null> {
    const job = this.view.jobs.get(id);
    if (job !== undefined) return job;
    const row = this.view.ended.get(id);
    return row && this.ended.recall(row);
  }

  /** `listener` gets the jobs that a group of entries was about, each once, after all were applied. */
  onJobsChanged(listener: (jobs: ReadonlySet<JobView>) => void): void {
    this.listener = listener;
  }

  /** Goes on with another fold of the same log, from the position where this one is by then. */
  replaceBy(successor: ViewFold): void {
    this.successor = successor;
    this.handover.abort();
  }

  /** Follows the log until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { position, jobs, ended } = this.view;
    this.deps.logger.info({ position, jobs: jobs.size, ended: ended.size }, 'following the log');
    while (!signal.aborted) {
      this.handover = new AbortController();
      if (this.successor === null) {
        await this.followUntil(AbortSignal.any([signal, this.handover.signal]), signal);
      } else await this.succeed(this.successor, signal);
    }
  }

  /** Resolves once the view holds every event that was recorded before the call. */
  async caughtUp(): Promise<void> {
    const position = await this.lastPosition.run();
    if (position <= this.position) return;
    await new Promise<void>((resolve) => this.waiting.push({ position, resolve }));
  }

  private async followUntil(ending: AbortSignal, signal: AbortSignal): Promise<void> {
    for await (const entries of this.deps.store.follow(this.position, ending)) {
      await this.take(entries, signal);
      if (ending.aborted) return; // Its next group may be long in coming.
    }
  }

  private async take(entries: readonly LogEntry[], signal: AbortSignal): Promise<void> {
    const changed = await this.fold.take(entries, signal);
    const newest = entries.at(-1);
    if (newest?.kind === 'event') this.newestAt = newest.logged.at;
    this.resolveWaiting();
    if (changed.size > 0) this.listener(changed);
    await this.ended.hasSpace();
  }

  private async succeed(successor: ViewFold, signal: AbortSignal): Promise<void> {
    await foldTo(this.deps.store, successor, this.position, signal);
    if (signal.aborted) return;
    if (this.successor === successor) this.successor = null;
    this.fold = successor;
    const { generation, position } = this;
    this.deps.logger.info({ generation, position }, 'going on with a rebuilt projection');
    this.resolveWaiting();
    this.listener(new Set(this.view.jobs.values())); // They are other objects now.
  }

  private resolveWaiting(): void {
    if (this.waiting.length === 0) return;
    const due = this.waiting.filter(({ position }) => position <= this.position);
    if (due.length === 0) return;
    const later = this.waiting.filter(({ position }) => position > this.position);
    this.waiting.splice(0, this.waiting.length, ...later);
    for (const { resolve } of due) resolve();
  }
}

/** A fold from the newest snapshot of a generation on, unless it is ahead of the log and so of another one. */
export async function openFold(deps: ViewFollowerDeps, generation: number): Promise<ViewFold> {
  const { store, snapshots, logger } = deps;
  const options = { ended: new EndedJobs(deps, generation, deps.isWriter ?? false), logger };
  const saved = await snapshots.load(generation);
  const { position } = saved.view;
  if (position <= (await store.lastPosition())) return new ViewFold(saved, options);
  logger.warn({ position }, 'snapshot is ahead of the log, reading it anew');
  return new ViewFold(nothingFolded(), options);
}
