import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, Position } from '#libs/domain/platform-event.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { type EventStore, type LogEntry, positionOf } from '#libs/event-store/event-store.port.ts';

/** Of which job, and the last event of its history to be taken. */
export interface JobMoment {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  readonly position: Position;
}

/** A view that holds one job and its API as of a position. It costs a reading of the job's history. */
export async function foldJob(
  store: Pick<EventStore, 'read' | 'history'>,
  { apiName, jobId, position }: JobMoment,
): Promise<PlatformView> {
  const view = new PlatformView();
  const ofApi = await apiEvents(store, apiName, position);
  for await (const entry of store.history(apiName, jobId)) {
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

/** A view of an API and none of its jobs as of a position. */
export async function foldApi(
  store: Pick<EventStore, 'read'>,
  apiName: ApiName,
  position: Position,
): Promise<PlatformView> {
  const view = new PlatformView();
  for (const logged of await apiEvents(store, apiName, position)) {
    take(view, { kind: 'event', logged });
  }
  return view;
}

/** As the present is folded: what cannot be taken is passed over. */
function take(view: PlatformView, entry: LogEntry): void {
  if (entry.kind === 'unreadable') return view.skip(entry.unreadable.position);
  try {
    view.apply(entry.logged);
  } catch {
    view.skip(entry.logged.position); // It was parked and told when it was new.
  }
}

async function apiEvents(
  store: Pick<EventStore, 'read'>,
  apiName: ApiName,
  position: Position,
): Promise<LoggedEvent[]> {
  const { events } = await store.read<ApiEvent>({ kind: 'api', apiName });
  return events.filter((logged) => logged.position <= position);
}
