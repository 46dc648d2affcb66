import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { EventStore, LogEntry } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { CoalescedCall } from './coalesced-call.ts';
import type { ParkedEvent, ViewSnapshots } from './view-snapshots.ts';

/** Parked events that are kept for people to look at; all are in the log. */
const PARKED_MAX = 100;

export interface ViewFollowerDeps {
  readonly store: EventStore;
  readonly snapshots: ViewSnapshots;
  readonly logger: Logger;
}

/** Keeps a `PlatformView` at the end of the log, from the newest snapshot on. */
export class ViewFollower {
  private parkedEvents: ParkedEvent[];
  private readonly waiting: { readonly position: number; readonly resolve: () => void }[] = [];
  private readonly lastPosition: CoalescedCall<number>;
  /** When the newest event that was taken since the start was recorded; RFC 3339. */
  newestAt: string | null = null;
  private listener: (jobs: ReadonlySet<JobView>) => void = () => {};

  private constructor(
    private readonly deps: ViewFollowerDeps,
    /** The state of everything, as of `position`. */
    readonly view: PlatformView,
    parked: readonly ParkedEvent[],
  ) {
    this.lastPosition = new CoalescedCall(() => deps.store.lastPosition());
    this.parkedEvents = [...parked];
  }

  /** Starts from the newest snapshot, unless it is ahead of the log and so of another one. */
  static async open(deps: ViewFollowerDeps): Promise<ViewFollower> {
    const { view, parked } = await deps.snapshots.load();
    const isOfThisLog = view.position <= (await deps.store.lastPosition());
    if (isOfThisLog) return new ViewFollower(deps, view, parked);
    deps.logger.warn({ position: view.position }, 'snapshot is ahead of the log, reading it anew');
    return new ViewFollower(deps, new PlatformView(), []);
  }

  /** Position of the newest entry taken, readable or not. */
  get position(): number {
    return this.view.position;
  }

  /** The newest unreadable events, oldest first. */
  get parked(): readonly ParkedEvent[] {
    return this.parkedEvents;
  }

  /** `listener` gets the jobs that a group of entries was about, each once, after all were applied. */
  onJobsChanged(listener: (jobs: ReadonlySet<JobView>) => void): void {
    this.listener = listener;
  }

  /** Follows the log until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { position, jobs } = this.view;
    this.deps.logger.info({ position, jobs: jobs.size }, 'following the log');
    for await (const entries of this.deps.store.follow(this.position, signal)) {
      const changed = this.takeAll(entries);
      this.resolveWaiting();
      if (changed.size > 0) this.listener(changed);
    }
  }

  /** Resolves once the view holds every event that was recorded before the call. */
  async caughtUp(): Promise<void> {
    const position = await this.lastPosition.run();
    if (position <= this.position) return;
    await new Promise<void>((resolve) => this.waiting.push({ position, resolve }));
  }

  private takeAll(entries: readonly LogEntry[]): ReadonlySet<JobView> {
    const changed = new Set<JobView>();
    const newest = entries.at(-1);
    if (newest?.kind === 'event') this.newestAt = newest.logged.at;
    for (const entry of entries) {
      for (const job of this.take(entry)) changed.add(job);
    }
    return changed;
  }

  /** No entry may end the loop: one that cannot be taken is set aside and the next one is read. */
  private take(entry: LogEntry): readonly JobView[] {
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
    this.deps.logger.error({ ...event }, 'event parked: it cannot be read');
    this.parkedEvents.push(event);
    if (this.parkedEvents.length > PARKED_MAX) this.parkedEvents.shift();
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
