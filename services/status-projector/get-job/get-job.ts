import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { ApiVersion } from '#libs/domain/status/api-view.ts';
import { apiSpecDocument, jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { GetJobAnswer, GetJobQuery } from '#libs/messaging/queries.ts';

/** What was deployed never changes, and thousands of jobs are asked about under one specification. */
const specJsons = new WeakMap<ApiVersion, string>();

/** The status document of one job, with the specification it runs under. */
export function getJob(
  view: PlatformView,
  { jobId }: GetJobQuery,
  rule: StalledRule,
): GetJobAnswer {
  const job = view.jobs.get(jobId);
  if (job === undefined) return { found: null };
  const { apiName, apiId } = job.submitted;
  const version = view.apis.get(apiName)?.version(apiId) ?? null;
  return {
    found: {
      apiName,
      apiId,
      endpoint: version?.deployed.spec.networking.endpoint ?? `/${apiName}`,
      status: job.status,
      jobStatusJson: stringifyWithRaw(jobStatusDocument(job, rule)),
      apiSpecJson: version === null ? 'null' : specJsonOf(version),
    },
  };
}

function specJsonOf(version: ApiVersion): string {
  const known = specJsons.get(version);
  if (known !== undefined) return known;
  const json = stringifyWithRaw(apiSpecDocument(version));
  specJsons.set(version, json);
  return json;
}
