import type { Position } from '#libs/domain/platform-event.ts';
import type { JobAddress } from '../event-store.port.ts';
import type { KurrentConnection } from './kurrent-connection.ts';
import { lastOfStream, streamBetween } from './read-records.ts';
import type { StoredRecord } from './stored-record.ts';

/** The lanes of a job, merged by their positions. */
export async function* readJob(
  connection: KurrentConnection,
  job: JobAddress,
  after: Position,
): AsyncGenerator<StoredRecord> {
  const streams = connection.names.streamsOf(job);
  const lasts = await Promise.all(streams.map((stream) => lastOfStream(connection, stream)));
  // Whatever is recorded from now on is left out, or one lane would be ahead of the others.
  const end = Math.max(0, ...lasts.map((last) => last?.position ?? 0));
  const readers = streams.map((stream) => streamBetween(connection, stream, { after, end }));
  yield* merged(readers);
}

async function* merged(
  readers: readonly AsyncGenerator<StoredRecord>[],
): AsyncGenerator<StoredRecord> {
  const heads = await Promise.all(
    readers.map(async (reader) => ({ reader, next: await reader.next() })),
  );
  for (;;) {
    const open = heads.filter(({ next }) => next.done !== true);
    const [first, ...others] = open;
    if (first === undefined) return;
    const lowest = others.reduce(
      (low, head) => (positionOf(head) < positionOf(low) ? head : low),
      first,
    );
    if (lowest.next.done !== true) yield lowest.next.value;
    lowest.next = await lowest.reader.next();
  }
}

const positionOf = ({ next }: { readonly next: IteratorResult<StoredRecord> }): number =>
  next.done === true ? Infinity : next.value.position;
