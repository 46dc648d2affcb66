import { hash } from 'node:crypto';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { ApiVersion } from '#libs/domain/status/api-view.ts';
import { apiSpecDocument, jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import { countWorkers, type StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { FoundJob, GetJobAnswer } from '#libs/messaging/queries.ts';

/** What was deployed never changes, and thousands of jobs are asked about under one specification. */
const specJsons = new WeakMap<ApiVersion, string>();

/** A job is asked about more often than it changes. */
const toldJobs = new WeakMap<JobView, ToldJob>();

interface ToldJob {
  readonly found: FoundJob;
  readonly position: Position;
  readonly version: ApiVersion | null;
  /** Time alone makes workers stalled; nothing else of a document depends on when it is asked for. */
  readonly stalledWorkers: number;
}

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
  const { position } = job;
  const stalledWorkers = countWorkers(job.workers.values(), rule).stalled;
  const told = toldJobs.get(job);
  const isAsTold =
    position > 0 && // Without one there is no telling whether anything has changed.
    told?.position === position &&
    told.version === version &&
    told.stalledWorkers === stalledWorkers;
  if (isAsTold) return { found: told.found };
  const found = describeJob(job, version, rule);
  toldJobs.set(job, { found, position, version, stalledWorkers });
  return { found };
}

function describeJob(job: JobView, version: ApiVersion | null, rule: StalledRule): FoundJob {
  const { apiName, apiId } = job.submitted;
  const jobStatusJson = stringifyWithRaw(jobStatusDocument(job, rule));
  const apiSpecJson = version === null ? 'null' : specJsonOf(version);
  return {
    apiName,
    apiId,
    endpoint: version?.deployed.spec.networking.endpoint ?? `/${apiName}`,
    status: job.status,
    jobStatusJson,
    apiSpecJson,
    // All other members are in these two, or follow from them.
    tag: hash('sha256', `${jobStatusJson}\n${apiSpecJson}`, 'base64url'),
  };
}

function specJsonOf(version: ApiVersion): string {
  const known = specJsons.get(version);
  if (known !== undefined) return known;
  const json = stringifyWithRaw(apiSpecDocument(version));
  specJsons.set(version, json);
  return json;
}
