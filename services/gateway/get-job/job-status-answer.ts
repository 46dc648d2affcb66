import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { FoundJob } from '#libs/messaging/queries.ts';

/** The answer to asking for one job, as JSON text. Documents go in as the text they came as. */
export const jobStatusAnswer = (id: JobId, job: FoundJob, baseUrl: string): string =>
  stringifyWithRaw({
    job_status: new RawJson(job.jobStatusJson),
    endpoint: `${baseUrl}${job.endpoint}?jobID=${id}`,
    api_spec: new RawJson(job.apiSpecJson),
  });
