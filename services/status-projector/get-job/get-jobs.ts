import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import {
  AS_KNOWN,
  type FoundJob,
  type GetJobsAnswer,
  type GetJobsQuery,
  type JobAtAnswer,
} from '#libs/messaging/queries.ts';
import { queryRefusal } from '#libs/messaging/query-refusal.ts';
import { getJob } from './get-job.ts';

/** An answer must fit one NATS message, 1 MiB. */
const ANSWER_BYTES_MAX = 900_000;
/** A character outside ASCII; quotes, which are escaped, take two. */
const BYTES_PER_CHARACTER_MAX = 3;

/** What is known of all jobs. */
export interface FollowedJobs {
  readonly view: PlatformView;
  /** Also one that is not in the view any more. */
  job(id: JobId): Promise<JobView | null>;
}

/** The status documents of several jobs, and whose the endpoints are at which they were asked for. */
export async function getJobs(
  followed: FollowedJobs,
  { jobs }: GetJobsQuery,
  rule: StalledRule,
): Promise<GetJobsAnswer> {
  // Those in memory as they are now, without waiting for others.
  const read = await Promise.all(jobs.map(({ jobId }) => findJob(followed, jobId, rule)));
  const answers: JobAtAnswer[] = [];
  let sizeBytes = 0;
  for (const [place, { endpoint, knownTag }] of jobs.entries()) {
    const { found: job, refusal } = read[place] ?? { found: null };
    const isKnown = job !== null && job.tag === knownTag;
    sizeBytes += isKnown ? 0 : bytesMaxOf(job);
    if (sizeBytes > ANSWER_BYTES_MAX && answers.length > 0) break;
    const apiAtEndpoint = endpoint === null ? null : (followed.view.apiAt(endpoint)?.name ?? null);
    answers.push({ found: isKnown ? AS_KNOWN : job, apiAtEndpoint, ...(refusal && { refusal }) });
  }
  return { answers };
}

const bytesMaxOf = (job: FoundJob | null): number =>
  job === null ? 0 : (job.jobStatusJson.length + job.apiSpecJson.length) * BYTES_PER_CHARACTER_MAX;

/** One that cannot be read is no reason not to answer about the others. */
async function findJob(
  followed: FollowedJobs,
  jobId: JobId,
  rule: StalledRule,
): Promise<{ readonly found: FoundJob | null } & Pick<JobAtAnswer, 'refusal'>> {
  try {
    const job = followed.view.jobs.get(jobId) ?? (await followed.job(jobId));
    return getJob(followed.view, job, rule);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { found: null, refusal: queryRefusal(message) };
  }
}
