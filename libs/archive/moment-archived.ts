import type { Position } from '#libs/domain/platform-event.ts';
import type { EventStore, Moment } from '#libs/event-store/event-store.port.ts';
import type { ArchivedLog } from './follow-archived.ts';
import { readArchive } from './read-archive.ts';

/** The newest event at or before a place, of those that were archived too. */
export async function momentWithArchives(
  archived: ArchivedLog,
  place: Position | Date,
): Promise<Moment | null> {
  const left = await archived.log.momentAt(place);
  const after = left?.position ?? 0;
  const before = await gapBehind(archived.log, after, place);
  return before > after + 1 ? newestIn(archived, { after, before, place, left }) : left;
}

/** Before which position something may have been that is at or before the place. */
async function gapBehind(
  log: EventStore,
  after: Position,
  place: Position | Date,
): Promise<Position> {
  const last = await log.lastPosition();
  if (typeof place === 'number') return Math.min(place, last) + 1;
  if (after >= last) return after + 1;
  const enough = new AbortController();
  try {
    for await (const [next] of log.followStored(after, enough.signal)) {
      if (next !== undefined) return next.position;
    }
    return after + 1;
  } finally {
    enough.abort();
  }
}

interface Searched {
  readonly after: Position;
  readonly before: Position;
  readonly place: Position | Date;
  readonly left: Moment | null;
}

async function newestIn(
  { index, archives }: ArchivedLog,
  { after, before, place, left }: Searched,
): Promise<Moment | null> {
  let newest = left;
  for (const span of await index.spans()) {
    const mayHave =
      span.firstPosition < before && span.lastPosition > Math.max(after, newest?.position ?? 0);
    const archive = mayHave ? await index.archiveOf(span) : null;
    if (archive === null) continue;
    for await (const { position, storedAt } of readArchive(archives, archive)) {
      if (position >= before || isLater(storedAt, place)) break;
      if (position > (newest?.position ?? 0)) newest = { position, storedAt };
    }
  }
  return newest;
}

const isLater = (storedAt: string, place: Position | Date): boolean =>
  typeof place !== 'number' && Date.parse(storedAt) > place.getTime();
