import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { ApiVersion } from '#libs/domain/status/api-view.ts';
import { apiSpecDocument, jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { GetJobAnswer } from '#libs/messaging/queries.ts';

/** What was deployed never changes, and thousands of jobs are asked about under one specification. */
const specJsons = new WeakMap<ApiVersion, string>();

/**
 * The status document of one job, with the specification it runs under.
 *
 * @param view has the job's API
 */
export function getJob(
  view: Pick<PlatformView, 'apis'>,
  job: JobView | null,
  rule: StalledRule,
): GetJobAnswer {
  if (job === null) return { found: null };
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
