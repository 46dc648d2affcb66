import type { JobView } from '#libs/domain/status/job-view.ts';
import { type WorkerDocument, workerDocument } from '#libs/domain/status/worker-documents.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { ListWorkersAnswer, ListWorkersQuery } from '#libs/messaging/queries.ts';

/** A page must fit one NATS message, 1 MiB. */
const PAGE_BYTES_MAX = 900_000;

/** One page of a job's workers. It may be shorter than asked for where reasons are long. */
export function listWorkers(
  job: JobView | null,
  { after, countMax }: Pick<ListWorkersQuery, 'after' | 'countMax'>,
  rule: StalledRule,
): ListWorkersAnswer {
  if (job === null) return { page: null };
  const first = after === null ? 0 : Number(after) + 1;
  const wanted = [...job.workers].slice(first); // A job's workers are kept by ordinal.
  const workers: WorkerDocument[] = [];
  let sizeBytes = 0;
  for (const worker of wanted.slice(0, countMax)) {
    const document = workerDocument(job, worker, rule);
    sizeBytes += Buffer.byteLength(JSON.stringify(document)) + 1;
    if (sizeBytes > PAGE_BYTES_MAX && workers.length > 0) break;
    workers.push(document);
  }
  return { page: { workers, hasMore: wanted.length > workers.length } };
}
