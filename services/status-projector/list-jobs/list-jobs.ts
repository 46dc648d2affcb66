import type { JobId } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { EndedJob } from '#libs/domain/status/ended-job-table.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { ListJobsAnswer, ListJobsQuery } from '#libs/messaging/queries.ts';

/** A page must fit one NATS message, 1 MiB, in which it travels as a JSON string. */
const PAGE_BYTES_MAX = 900_000;
/** Ended jobs that are read at a time. */
const READING_MAX = 50;

export interface ListJobsOptions {
  readonly rule: StalledRule;
  /** Gets an ended job of which the view has a row only. */
  readonly recall: (row: EndedJob) => Promise<JobView>;
}

/**
 * One page of jobs, newest first. It may be shorter than asked for where documents are large.
 *
 * All of it is as of the call: what has to be read of ended jobs does not change any more.
 */
export async function listJobs(
  view: PlatformView,
  query: ListJobsQuery,
  { rule, recall }: ListJobsOptions,
): Promise<ListJobsAnswer> {
  const documentOf = (job: JobView): string => stringifyWithRaw(jobStatusDocument(job, rule));
  const matching = firstOf(view, query, query.countMax + 1);
  const wanted = matching
    .slice(0, query.countMax)
    .map(({ id, of }) => ({ id, of: 'digest' in of ? of : documentOf(of) }));
  const jobIds: JobId[] = [];
  const documents: string[] = [];
  let sizeBytes = 0;
  for (let start = 0; start < wanted.length; start += READING_MAX) {
    const read = await Promise.all(
      wanted.slice(start, start + READING_MAX).map(async ({ id, of }) => ({
        id,
        document: typeof of === 'string' ? of : documentOf(await recall(of)),
      })),
    );
    for (const { id, document } of read) {
      sizeBytes += Buffer.byteLength(JSON.stringify(document));
      const isFull = sizeBytes > PAGE_BYTES_MAX && jobIds.length > 0;
      if (isFull) return { jobIds, jobsJson: `[${documents.join()}]`, hasMore: true };
      jobIds.push(id);
      documents.push(document);
    }
  }
  const hasMore = matching.length > jobIds.length;
  return { jobIds, jobsJson: `[${documents.join()}]`, hasMore };
}

interface Listed {
  readonly id: JobId;
  readonly of: JobView | EndedJob;
}

/** A newer job has a smaller id, so ascending ids list the newest first. */
function firstOf(view: PlatformView, query: ListJobsQuery, countMax: number): readonly Listed[] {
  const inMemory = [...view.jobs.values()]
    .filter((job) => matches(job, query))
    .map((job): Listed => ({ id: job.submitted.jobId, of: job }));
  const ended = view.ended
    .select(query, countMax)
    .map((row): Listed => ({ id: row.jobId, of: row }));
  return [...inMemory, ...ended].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, countMax);
}

const matches = (job: JobView, { apiName, statuses, after }: ListJobsQuery): boolean =>
  (apiName === null || job.submitted.apiName === apiName) &&
  (statuses === null || statuses.includes(job.status)) &&
  (after === null || job.submitted.jobId > after);
