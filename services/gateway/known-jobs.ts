import { LRUCache } from 'lru-cache';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import {
  AS_KNOWN,
  type FoundJob,
  type GetJobsAnswer,
  type GetJobsQuery,
  type JobAtAnswer,
  type JobAtQuery,
} from '#libs/messaging/queries.ts';
import type { JobNow } from './status-queries.port.ts';

/** Five thousand jobs of usual size. */
const CHARACTERS_MAX = 16_000_000;
/** What a job takes besides its documents. */
const CHARACTERS_PER_JOB = 300;

interface Asked {
  readonly query: JobAtQuery;
  readonly known: FoundJob | null;
}

/** What is said of a job, or why nothing can be said of it now. */
export type JobAnswer = JobNow & Pick<JobAtAnswer, 'refusal'>;

/**
 * Remembers what it was told of jobs, and asks only whether that has changed.
 *
 * Every question is asked: the answer to one is as new as without this, it is only shorter.
 */
export class KnownJobs {
  private readonly known = new LRUCache<JobId, FoundJob>({
    maxSize: CHARACTERS_MAX,
    sizeCalculation: ({ jobStatusJson, apiSpecJson }) =>
      // Once as they were told, once in the answer that is made of them.
      2 * (jobStatusJson.length + apiSpecJson.length) + CHARACTERS_PER_JOB,
  });

  constructor(private readonly send: (query: GetJobsQuery) => Promise<GetJobsAnswer>) {}

  /** @returns of the first jobs, one at least, in their order; rejects as `send` does */
  async ask({ jobs }: GetJobsQuery): Promise<readonly JobAnswer[]> {
    const asked = jobs.map((query): Asked => ({
      query,
      known: this.known.get(query.jobId) ?? null,
    }));
    const { answers } = await this.send({ jobs: asked.map(questionOf) });
    return asked.slice(0, answers.length).map(({ query, known }, place) => {
      const { found, ...rest } = answers[place] ?? { found: null, apiAtEndpoint: null };
      if (found !== AS_KNOWN && found !== null) this.known.set(query.jobId, found);
      return { ...rest, found: found === AS_KNOWN ? known : found };
    });
  }
}

const questionOf = ({ query, known }: Asked): JobAtQuery =>
  known === null ? query : { ...query, knownTag: known.tag };
