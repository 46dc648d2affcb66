import type { JobId } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { ListJobsAnswer, ListJobsQuery } from '#libs/messaging/queries.ts';

/** A page must fit one NATS message, 1 MiB, in which it travels as a JSON string. */
const PAGE_BYTES_MAX = 900_000;

/** One page of jobs, newest first. It may be shorter than asked for where documents are large. */
export function listJobs(
  view: PlatformView,
  query: ListJobsQuery,
  rule: StalledRule,
): ListJobsAnswer {
  // A newer job has a smaller id, so ascending ids list the newest first.
  const matching = [...view.jobs.values()]
    .filter((job) => matches(job, query))
    .sort((a, b) => (a.submitted.jobId < b.submitted.jobId ? -1 : 1));
  const jobIds: JobId[] = [];
  const documents: string[] = [];
  let sizeBytes = 0;
  for (const job of matching.slice(0, query.countMax)) {
    const document = stringifyWithRaw(jobStatusDocument(job, rule));
    sizeBytes += Buffer.byteLength(JSON.stringify(document));
    if (sizeBytes > PAGE_BYTES_MAX && jobIds.length > 0) break;
    jobIds.push(job.submitted.jobId);
    documents.push(document);
  }
  return { jobIds, jobsJson: `[${documents.join()}]`, hasMore: matching.length > jobIds.length };
}

const matches = (job: JobView, { apiName, statuses, after }: ListJobsQuery): boolean =>
  (apiName === null || job.submitted.apiName === apiName) &&
  (statuses === null || statuses.includes(job.status)) &&
  (after === null || job.submitted.jobId > after);
