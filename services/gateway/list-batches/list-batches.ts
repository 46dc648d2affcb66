import type { BatchOutcome } from '#libs/domain/batch/batch-outcomes.ts';
import { type BatchId, batchId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, Position } from '#libs/domain/platform-event.ts';
import type { EventStore, JobAddress } from '#libs/event-store/event-store.port.ts';
import { type AttemptDocument, BatchAttempts } from './batch-attempts.ts';
import { BatchHistory } from './batch-history.ts';
import type { ListBatchesQuery } from './list-batches-query.ts';

/** A batch of a job as it is answered. */
export interface BatchDocument {
  readonly batch_id: BatchId;
  readonly index: number;
  readonly outcome: BatchOutcome;
  /** Its part of the job's items, which count from 0. */
  readonly items: { readonly first: number; readonly count: number | null };
  readonly attempt_count: number;
  readonly attempts: readonly AttemptDocument[];
}

export interface BatchPage {
  readonly batches: readonly BatchDocument[];
  /** Whether more follow the last one given. */
  readonly hasMore: boolean;
}

/**
 * One page of a job's batches, by index. The job's history is read twice, first for the outcome of
 * every batch, in some bits each, then for the attempts at those of the page: so memory grows with
 * neither the job's attempts nor their errors.
 *
 * @param until as of this position
 */
export async function listBatches(
  store: Pick<EventStore, 'history'>,
  job: JobAddress,
  { until, ...query }: ListBatchesQuery & { readonly until: Position },
): Promise<BatchPage> {
  const history = new BatchHistory();
  let end = 0; // What comes meanwhile is left out of the second reading too.
  for await (const logged of eventsUpTo(store, job, until)) {
    history.take(logged.event);
    end = logged.position;
  }
  const indexes = chosen(history, query);
  const page = indexes.slice(0, query.countMax);
  const attempts = new BatchAttempts(page);
  if (page.length > 0) {
    for await (const logged of eventsUpTo(store, job, end)) attempts.take(logged);
  }
  const batches = page.map((index) => ({
    batch_id: batchId(job.jobId, index),
    index,
    outcome: history.outcomes.outcomeOf(index),
    items: history.itemsOf(index),
    attempt_count: attempts.countOf(index),
    attempts: attempts.of(index),
  }));
  return { batches, hasMore: indexes.length > page.length };
}

/** Those of the page, and one more if there is one. */
function chosen(
  { outcomes }: BatchHistory,
  { outcomes: wanted, afterIndex, countMax }: ListBatchesQuery,
): number[] {
  const indexes: number[] = [];
  for (let index = afterIndex + 1; index < outcomes.batchCount; index++) {
    if (wanted !== null && !wanted.has(outcomes.outcomeOf(index))) continue;
    indexes.push(index);
    if (indexes.length > countMax) break;
  }
  return indexes;
}

async function* eventsUpTo(
  store: Pick<EventStore, 'history'>,
  { apiName, jobId }: JobAddress,
  end: Position,
): AsyncGenerator<LoggedEvent> {
  for await (const entry of store.history(apiName, jobId)) {
    if (entry.kind !== 'event') continue;
    if (entry.logged.position > end) return;
    yield entry.logged;
  }
}
