import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, Position } from '#libs/domain/platform-event.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { EventStore, LogEntry } from '#libs/event-store/event-store.port.ts';
import type { ViewSnapshots } from '#libs/projection/view-snapshots.ts';

/** A view of everything may be large: how long the last one is kept for further pages of a list. */
const KEPT_MS = 30_000;

export interface PastViewsDeps {
  readonly store: Pick<EventStore, 'read' | 'history' | 'follow'>;
  readonly snapshots: Pick<ViewSnapshots, 'load'>;
}

/**
 * What the log said at earlier positions: the same fold as the present, of a prefix.
 *
 * One job costs a reading of its history up to there. Everything costs a reading of the whole log from
 * the newest snapshot if that is old enough, else from the start, or from the last moment asked for.
 */
export class PastViews {
  private everything: PlatformView | null = null;
  private forgetting: NodeJS.Timeout | undefined;
  private lastFold: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: PastViewsDeps) {}

  /**
   * A view that holds one job and its API, as of `position`.
   *
   * @param present says which API a job is of
   */
  async ofJob(present: PlatformView, id: JobId, position: Position): Promise<PlatformView> {
    const view = new PlatformView();
    const apiName = present.jobs.get(id)?.submitted.apiName;
    if (apiName === undefined) return view;
    const { events } = await this.deps.store.read<ApiEvent>({ kind: 'api', apiName });
    const ofApi: LoggedEvent[] = events.filter((logged) => logged.position <= position);
    for await (const entry of this.deps.store.history(apiName, id)) {
      const at = positionOf(entry);
      if (at > position) break;
      for (let next = ofApi[0]; next !== undefined && next.position < at; next = ofApi[0]) {
        take(view, { kind: 'event', logged: next });
        ofApi.shift();
      }
      take(view, entry);
    }
    for (const logged of ofApi) take(view, { kind: 'event', logged });
    return view;
  }

  /**
   * Uses a view of everything as of `position`. One at a time: each may be as large as the present.
   *
   * @param use must not wait: the view may be folded on afterwards
   */
  async ofAll<T>(position: Position, use: (view: PlatformView) => T): Promise<T> {
    const fold = this.lastFold.then(async () => use(await this.foldTo(position)));
    this.lastFold = fold.catch(() => {});
    return fold;
  }

  private async foldTo(position: Position): Promise<PlatformView> {
    clearTimeout(this.forgetting);
    const view = await this.nearest(position);
    this.everything = null; // Half folded it is of no use to anybody.
    await this.foldOn(view, position);
    this.everything = view;
    this.forgetting = setTimeout(() => (this.everything = null), KEPT_MS).unref();
    return view;
  }

  private async nearest(position: Position): Promise<PlatformView> {
    const kept = this.everything;
    if (kept !== null && kept.position <= position) return kept;
    const { view } = await this.deps.snapshots.load();
    return view.position <= position ? view : new PlatformView();
  }

  private async foldOn(view: PlatformView, position: Position): Promise<void> {
    if (view.position >= position) return;
    const enough = new AbortController();
    for await (const entries of this.deps.store.follow(view.position, enough.signal)) {
      for (const entry of entries) {
        if (positionOf(entry) > position) return;
        take(view, entry);
      }
      if (view.position >= position) return;
    }
  }
}

const positionOf = (entry: LogEntry): Position =>
  entry.kind === 'event' ? entry.logged.position : entry.unreadable.position;

/** As the present is folded: what cannot be taken is passed over. */
function take(view: PlatformView, entry: LogEntry): void {
  if (entry.kind === 'unreadable') return view.skip(entry.unreadable.position);
  try {
    view.apply(entry.logged);
  } catch {
    view.skip(entry.logged.position); // It was parked and told when it was new.
  }
}
