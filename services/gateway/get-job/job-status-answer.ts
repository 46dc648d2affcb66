import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { FoundJob } from '#libs/messaging/queries.ts';

/** Whoever polls asks many times for the same. */
const answers = new WeakMap<FoundJob, { readonly baseUrl: string; readonly json: string }>();

/** The answer to asking for one job, as JSON text. Documents go in as the text they came as. */
export function jobStatusAnswer(id: JobId, job: FoundJob, baseUrl: string): string {
  const known = answers.get(job);
  if (known?.baseUrl === baseUrl) return known.json;
  const json = stringifyWithRaw({
    job_status: new RawJson(job.jobStatusJson),
    endpoint: `${baseUrl}${job.endpoint}?jobID=${id}`,
    api_spec: new RawJson(job.apiSpecJson),
  });
  answers.set(job, { baseUrl, json });
  return json;
}
