import type { Position } from '#libs/domain/platform-event.ts';
import type { EventStore, JobAddress } from '#libs/event-store/event-store.port.ts';
import { eventDocument } from './event-document.ts';
import type { ReadEventsQuery } from './read-events-query.ts';

/** Configurations may be large: a page is cut where it gets longer than this. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Events that one page may look at, so that a rare type in a long history does not take for ever. */
const LOOKED_AT_MAX = 100_000;

export interface EventPage {
  /** JSON texts, in log order. */
  readonly events: readonly string[];
  /** Go on behind this position; `null`: this was the end. */
  readonly nextAfter: Position | null;
}

/** One page of a job's events behind `after`. What cannot be read is left out. */
export async function readEvents(
  store: Pick<EventStore, 'history'>,
  job: JobAddress,
  { after, types, countMax }: ReadEventsQuery & { readonly after: Position },
): Promise<EventPage> {
  const events: string[] = [];
  let sizeBytes = 0;
  let lookedAt = 0;
  let last = after;
  for await (const entry of store.history(job.apiName, job.jobId, after)) {
    const isFull =
      events.length >= countMax || sizeBytes >= PAGE_BYTES_MAX || lookedAt >= LOOKED_AT_MAX;
    if (isFull) return { events, nextAfter: last };
    lookedAt += 1;
    last = entry.kind === 'event' ? entry.logged.position : entry.unreadable.position;
    if (entry.kind !== 'event' || types?.has(entry.logged.event.type) === false) continue;
    const document = eventDocument(job, entry.logged);
    sizeBytes += document.length;
    events.push(document);
  }
  return { events, nextAfter: null };
}
