import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import type { WorkerId } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import {
  type EventStore,
  type JobAddress,
  type LogEntry,
  positionOf,
} from '#libs/event-store/event-store.port.ts';
import type { StatusQueries } from '../status-queries.port.ts';

const WORKERS_AT_ONCE = 1000;

export interface FollowEventsDeps {
  readonly store: Pick<EventStore, 'history' | 'follow'>;
  readonly queries: Pick<StatusQueries, 'getJob' | 'listWorkers'>;
}

/**
 * A job's entries behind `after`, and those that come, until the job has ended and its workers have
 * left, or `signal` aborts. Nothing is held: entries are read as fast as they are taken.
 */
export async function* followEvents(
  deps: FollowEventsDeps,
  job: JobAddress,
  { after, signal }: { readonly after: Position; readonly signal: AbortSignal },
): AsyncGenerator<LogEntry> {
  const { apiName, jobId } = job;
  let position = after;
  while (!signal.aborted) {
    // Asked first: what was recorded before the answer is then read after it.
    const isOver = await hasLeft(deps.queries, job);
    for await (const entry of deps.store.history(apiName, jobId, position)) {
      if (signal.aborted) return;
      position = positionOf(entry);
      yield entry;
    }
    if (isOver) return;
    for await (const entries of deps.store.follow(position, signal, job)) {
      for (const entry of entries) {
        position = positionOf(entry);
        yield entry;
      }
      if (entries.some(mayBeTheLast)) break;
    }
  }
}

function mayBeTheLast(entry: LogEntry): boolean {
  if (entry.kind !== 'event') return false;
  const { event } = entry.logged;
  if (event.type === 'JobCompleted') return true;
  if (event.type !== 'WorkerStateChanged') return false;
  return event.data.state === 'succeeded' || event.data.state === 'failed';
}

/** A worker that still waits when its job has ended does not start any more. */
async function hasLeft(
  queries: FollowEventsDeps['queries'],
  { jobId }: JobAddress,
): Promise<boolean> {
  const job = await queries.getJob({ jobId });
  if (job === null || !hasEnded(job.status)) return false;
  for (let after: WorkerId | null = null; ;) {
    const page = await queries.listWorkers({ jobId, countMax: WORKERS_AT_ONCE, after });
    const { workers, hasMore } = page ?? { workers: [], hasMore: false };
    const isThere = workers.some(({ state }) => state === 'initializing' || state === 'running');
    if (isThere) return false;
    after = workers.at(-1)?.worker_id ?? null;
    if (!hasMore || after === null) return true;
  }
}
