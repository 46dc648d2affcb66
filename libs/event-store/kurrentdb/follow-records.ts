import { pause } from '#libs/platform/pause.ts';
import { EventStoreUnavailable } from '../event-store.port.ts';
import { explain, isFinal, type KurrentConnection } from './kurrent-connection.ts';
import { type FollowedStreams, RecordFeed } from './record-feed.ts';
import type { StoredRecord } from './stored-record.ts';

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2000;

/**
 * The records of the log behind `after`, in order, without gap or repetition, whatever happens to the
 * server meanwhile. Ends when `signal` aborts.
 *
 * @throws EventStoreUnavailable when the server will never let us read, or the connection was closed
 */
export async function* followRecords(
  connection: KurrentConnection,
  { after, prefixes }: FollowedStreams,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredRecord[]> {
  let last = after;
  for (let attempt = 1; !signal.aborted; attempt++) {
    const client = connection.current;
    const feed = new RecordFeed(client, { after: last, prefixes });
    const close = (): void => feed.close();
    signal.addEventListener('abort', close);
    try {
      for (;;) {
        const records = signal.aborted ? null : await feed.take();
        if (records === null) break;
        attempt = 0;
        last = records.at(-1)?.position ?? last;
        yield records;
      }
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
    const { failure } = feed;
    if (isFinal(failure)) throw new EventStoreUnavailable(explain(failure), { cause: failure });
    if (failure !== null) {
      connection.logger.warn({ err: failure, last }, 'KurrentDB cannot be followed, will retry');
      connection.mend(client, failure);
    }
    await pause(Math.min(RETRY_MS_MIN * 2 ** Math.max(attempt - 1, 0), RETRY_MS_MAX), signal);
  }
}
