import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { GetJobsAnswer, GetJobsQuery, JobAtAnswer } from '#libs/messaging/queries.ts';
import { getJob } from './get-job.ts';

/** An answer must fit one NATS message, 1 MiB. */
const ANSWER_BYTES_MAX = 900_000;
/** A character outside ASCII; quotes, which are escaped, take two. */
const BYTES_PER_CHARACTER_MAX = 3;

/** The status documents of several jobs, and whose the endpoints are at which they were asked for. */
export function getJobs(
  view: PlatformView,
  { jobs }: GetJobsQuery,
  rule: StalledRule,
): GetJobsAnswer {
  const answers: JobAtAnswer[] = [];
  let sizeBytes = 0;
  for (const { jobId, endpoint } of jobs) {
    const { found } = getJob(view, { jobId }, rule);
    const length = found === null ? 0 : found.jobStatusJson.length + found.apiSpecJson.length;
    sizeBytes += length * BYTES_PER_CHARACTER_MAX;
    if (sizeBytes > ANSWER_BYTES_MAX && answers.length > 0) break;
    const apiAtEndpoint = endpoint === null ? null : (view.apiAt(endpoint)?.name ?? null);
    answers.push({ found, apiAtEndpoint });
  }
  return { answers };
}
