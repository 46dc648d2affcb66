import type { Position } from '#libs/domain/platform-event.ts';
import type { Moment } from '../event-store.port.ts';
import { followRecords } from './follow-records.ts';
import type { KurrentConnection } from './kurrent-connection.ts';
import { lastOfLog, newestOfLog } from './read-records.ts';
import type { StoredRecord } from './stored-record.ts';

const MS_PER_SECOND = 1000;

/** The newest record at or before a position, or stored at or before a time; `null`: there is none. */
export async function findMoment(
  connection: KurrentConnection,
  place: Position | Date,
): Promise<Moment | null> {
  const last = await lastOfLog(connection);
  if (last === null) return null;
  // What the client reads is stamped in whole seconds, what it subscribes to in milliseconds.
  const secondMs =
    typeof place === 'number' ? 0 : Math.floor(place.getTime() / MS_PER_SECOND) * MS_PER_SECOND;
  const earlier = await newestOfLog(connection, ({ position, createdAt }) =>
    typeof place === 'number'
      ? position < Math.min(place, last.position)
      : createdAt.getTime() < secondMs,
  );
  const isWanted = ({ position, createdAt }: StoredRecord): boolean =>
    typeof place === 'number' ? position <= place : createdAt <= place;
  const range = { after: earlier?.position ?? 0, end: last.position };
  const newest = await newestWanted(connection, range, isWanted);
  if (newest !== null)
    return { position: newest.position, storedAt: newest.createdAt.toISOString() };
  return earlier === null ? null : findMoment(connection, earlier.position);
}

async function newestWanted(
  connection: KurrentConnection,
  { after, end }: { readonly after: Position; readonly end: Position },
  isWanted: (record: StoredRecord) => boolean,
): Promise<StoredRecord | null> {
  if (after >= end) return null;
  const enough = new AbortController();
  let newest: StoredRecord | null = null;
  const place = { after, prefixes: [connection.names.prefix] };
  for await (const records of followRecords(connection, place, enough.signal)) {
    for (const record of records) {
      if (!isWanted(record)) return newest;
      newest = record;
      if (record.position >= end) return newest;
    }
  }
  return newest;
}
