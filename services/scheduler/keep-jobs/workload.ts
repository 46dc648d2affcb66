import type { Workload } from '#libs/compute/compute.port.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { jobDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';

/** What the workers of a job are started with; `null` when the job's specification is not in the log. */
export function workloadOf(view: PlatformView, job: JobView): Workload | null {
  const { apiName, apiId, jobId, workers, config, traceparent, deadLetterQueue } = job.submitted;
  const version = view.apis.get(apiName)?.version(apiId);
  if (version === undefined || version === null) return null;
  return {
    apiName,
    jobId,
    spec: version.deployed.spec,
    codeKey: version.deployed.codeKey,
    workers,
    firstRestart: firstRestartOf(job),
    jobSpecJson: stringifyWithRaw(jobDocument(job)),
    configJson: config?.text ?? null,
    traceparent,
    deadLetterQueue,
  };
}

/** Above every process that an earlier scheduler has started, so that its late reports lose. */
function firstRestartOf(job: JobView): number {
  const started = [...job.workers.values()].filter(
    (worker) => worker.restart > 0 || worker.state !== 'pending',
  );
  return started.reduce((max, worker) => Math.max(max, worker.restart + 1), 0);
}
