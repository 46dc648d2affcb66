import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';

/**
 * Whether the log has a success of a batch. Reads the job's whole history: for what is rare, such
 * as a batch that comes back because the queue did not hear that it was settled.
 *
 * @throws EventStoreUnavailable when the history cannot be read for long
 */
export async function hasSucceeded(
  store: Pick<EventStore, 'history'>,
  { apiName, jobId }: { readonly apiName: ApiName; readonly jobId: JobId },
  index: number,
): Promise<boolean> {
  for await (const entry of store.history(apiName, jobId)) {
    if (entry.kind !== 'event') continue;
    const { event } = entry.logged;
    if (event.type === 'BatchSucceeded' && event.data.index === index) return true;
  }
  return false;
}
