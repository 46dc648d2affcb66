import {
  BACKWARDS,
  END,
  type KurrentDBClient,
  type ResolvedEvent,
  StreamNotFoundError,
  streamNameFilter,
} from '@kurrent/kurrentdb-client';
import type { Position } from '#libs/domain/platform-event.ts';
import type { KurrentConnection } from './kurrent-connection.ts';
import { type StoredRecord, storedRecord } from './stored-record.ts';

/** Only the leader is sure to know the newest append. */
const requiresLeader = true;
/** Events of one request when a stream is read for long: the place to go on from after a failure. */
const PAGE_COUNT = 1000;

/** All records of a stream, oldest first; none of a stream that is not there. */
export function readStream(connection: KurrentConnection, stream: string): Promise<StoredRecord[]> {
  return connection.ask((client) => collect(client.readStream(stream, { requiresLeader })));
}

/** The newest record of a stream, or `null`. */
export async function lastOfStream(
  connection: KurrentConnection,
  stream: string,
): Promise<StoredRecord | null> {
  const read = (client: KurrentDBClient) =>
    client.readStream(stream, {
      direction: BACKWARDS,
      fromRevision: END,
      maxCount: 1,
      requiresLeader,
    });
  const [last] = await connection.ask((client) => collect(read(client)));
  return last ?? null;
}

/** The record of a stream at a revision, or `null`. */
export async function recordAt(
  connection: KurrentConnection,
  stream: string,
  revision: bigint,
): Promise<StoredRecord | null> {
  const [record] = await pageOf(connection, stream, revision, 1);
  return record ?? null;
}

/** The newest record of the log, or `null`. */
export async function lastOfLog(connection: KurrentConnection): Promise<StoredRecord | null> {
  const filter = streamNameFilter({ prefixes: [connection.names.prefix] });
  const read = (client: KurrentDBClient) =>
    client.readAll({
      direction: BACKWARDS,
      fromPosition: END,
      maxCount: 1,
      filter,
      requiresLeader,
    });
  const [last] = await connection.ask((client) => collect(read(client)));
  return last ?? null;
}

/**
 * The newest record of the log that `isWanted`, or `null`. There is no index by time or position, so
 * it reads from the end back: the cost is what was recorded since.
 */
export function newestOfLog(
  connection: KurrentConnection,
  isWanted: (record: StoredRecord) => boolean,
): Promise<StoredRecord | null> {
  const filter = streamNameFilter({ prefixes: [connection.names.prefix] });
  return connection.ask(async (client) => {
    const events = client.readAll({
      direction: BACKWARDS,
      fromPosition: END,
      filter,
      requiresLeader,
    });
    for await (const event of events) {
      const record = storedRecord(event);
      if (record !== null && isWanted(record)) return record;
    }
    return null;
  });
}

/**
 * The records of a stream behind position `after`, up to position `end`, oldest first, a page at a time.
 *
 * @throws EventStoreUnavailable
 */
export async function* streamBetween(
  connection: KurrentConnection,
  stream: string,
  { after, end }: { readonly after: Position; readonly end: Position },
): AsyncGenerator<StoredRecord> {
  const first = after === 0 ? 0n : await revisionBehind(connection, stream, after);
  for (let fromRevision: bigint | null = first; fromRevision !== null;) {
    const page: readonly StoredRecord[] = await pageOf(connection, stream, fromRevision);
    for (const record of page) {
      if (record.position > end) return;
      yield record;
    }
    const newest = page.at(-1);
    fromRevision = newest === undefined ? null : newest.revision + 1n;
  }
}

/** Revisions count up with positions, so the place is found by halving: some twenty reads in a million. */
async function revisionBehind(
  connection: KurrentConnection,
  stream: string,
  after: Position,
): Promise<bigint> {
  let low = 0n;
  let high = ((await lastOfStream(connection, stream))?.revision ?? -1n) + 1n;
  while (low < high) {
    const middle = (low + high) / 2n;
    const record = await recordAt(connection, stream, middle);
    if (record !== null && record.position > after) high = middle;
    else low = middle + 1n;
  }
  return low;
}

const pageOf = (
  connection: KurrentConnection,
  stream: string,
  fromRevision: bigint,
  maxCount = PAGE_COUNT,
): Promise<StoredRecord[]> =>
  connection.ask((client) =>
    collect(client.readStream(stream, { fromRevision, maxCount, requiresLeader })),
  );

async function collect(events: AsyncIterable<ResolvedEvent>): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  try {
    for await (const event of events) {
      const record = storedRecord(event);
      if (record !== null) records.push(record);
    }
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return records;
}
