import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { KurrentConnection } from './kurrent-connection.ts';
import { lastOfStream, streamUpTo } from './read-records.ts';
import type { StoredRecord } from './stored-record.ts';

/** The lanes of a job, merged by their positions. */
export async function* readJob(
  connection: KurrentConnection,
  apiName: ApiName,
  jobId: JobId,
): AsyncGenerator<StoredRecord> {
  const streams = (['job', 'batch', 'worker', 'webhook'] as const).map((kind) =>
    connection.names.streamOf({ kind, apiName, jobId }),
  );
  const lasts = await Promise.all(streams.map((stream) => lastOfStream(connection, stream)));
  // Whatever is recorded from now on is left out, or one lane would be ahead of the others.
  const end = Math.max(0, ...lasts.map((last) => last?.position ?? 0));
  const readers = streams.map((stream) => streamUpTo(connection, stream, end));
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
