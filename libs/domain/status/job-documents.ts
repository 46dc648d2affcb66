import type { Reason } from '../job/job.events.ts';
import type { JobStatusCode } from '../job/job-status-code.ts';
import type { ApiName, ApiId, JobId } from '../kernel/ids.ts';
import type { RawJson } from '../kernel/raw-json.ts';
import type { ApiSpec } from '../api/api-spec.ts';
import { countWorkers, type StalledRule, type WorkerCounts } from '../worker/worker-record.ts';
import type { ApiVersion } from './api-view.ts';
import type { JobView } from './job-view.ts';

/** A job as its submitter described it; optional members that were not given are `null`. */
export interface JobDocument {
  readonly job_id: JobId;
  readonly api_name: ApiName;
  readonly kind: 'BatchAPI';
  readonly workers: number;
  readonly config: RawJson | null;
  readonly api_id: ApiId;
  readonly sqs_url: string;
  /** Seconds. */
  readonly timeout: number | null;
  readonly sqs_dead_letter_queue: {
    readonly arn: string;
    readonly max_receive_count: number;
  } | null;
  /** RFC 3339, UTC, milliseconds, as are all times. */
  readonly created_time: string;
  /** Only of a job that was made of another job's dead letters: that job. */
  readonly parent_job_id?: JobId;
}

/** A job as it is: the answer to `GET <endpoint>?jobID=`. Absent members are not known (yet). */
export interface JobStatusDocument extends JobDocument {
  readonly status: JobStatusCode;
  readonly total_batch_count?: number;
  /** Lines left out so far; only with `on_error: "skip"`. */
  readonly skipped_line_count?: number;
  /** Enqueued and not settled. */
  readonly batches_in_queue: number;
  readonly batch_metrics: {
    readonly succeeded: number;
    /** Failed attempts. */
    readonly failed: number;
    /** Seconds, successful attempts only. */
    readonly avg_time_per_batch?: number;
  };
  /** Every batch in exactly one of the members after `enqueued`, which they add up to. */
  readonly batch_counts: {
    readonly enqueued: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly dead_lettered: number;
    readonly cancelled: number;
    readonly remaining: number;
  };
  /** Only while the job is running. */
  readonly worker_counts?: WorkerCounts;
  /** The submission's time until the first batch is in a worker's hands. */
  readonly start_time: string;
  readonly end_time?: string;
  /** Why the job ended as it did, where there is something to say. */
  readonly reason?: Reason;
  readonly completion_hook?: {
    readonly result: 'succeeded' | 'absent' | 'failed';
    readonly attempts: number;
    readonly message: string | null;
  };
}

export function jobDocument({ submitted, createdAt }: JobView): JobDocument {
  const { deadLetterQueue, timeoutMs } = submitted;
  return {
    job_id: submitted.jobId,
    api_name: submitted.apiName,
    kind: 'BatchAPI',
    workers: submitted.workers,
    config: submitted.config,
    api_id: submitted.apiId,
    sqs_url: submitted.queueUrl,
    timeout: timeoutMs === null ? null : timeoutMs / 1000,
    sqs_dead_letter_queue:
      deadLetterQueue === null
        ? null
        : { arn: deadLetterQueue.arn, max_receive_count: deadLetterQueue.receiveCountMax },
    created_time: createdAt,
    ...(submitted.parentJobId && { parent_job_id: submitted.parentJobId }),
  };
}

/** @param rule says which workers are stalled, and so when the document is asked for */
export function jobStatusDocument(job: JobView, rule: StalledRule): JobStatusDocument {
  const counts = job.batchCounts;
  const average = job.averageSeconds;
  return {
    ...jobDocument(job),
    status: job.status,
    ...(job.total && { total_batch_count: job.total.batchCount }),
    ...skippedLinesOf(job),
    batches_in_queue: counts.remaining,
    batch_metrics: {
      succeeded: counts.succeeded,
      failed: job.failedAttempts,
      ...(average !== null && { avg_time_per_batch: average }),
    },
    batch_counts: {
      enqueued: counts.enqueued,
      succeeded: counts.succeeded,
      failed: counts.failed,
      dead_lettered: counts.deadLettered,
      cancelled: counts.cancelled,
      remaining: counts.remaining,
    },
    ...(job.status === 'running' && { worker_counts: countWorkers(job.workers.values(), rule) }),
    start_time: job.startedAt ?? job.createdAt,
    ...endOf(job),
  };
}

function skippedLinesOf({
  submitted: { source },
  total,
  cursor,
}: JobView): Pick<JobStatusDocument, 'skipped_line_count'> {
  if (source.kind !== 'delimited_files' || source.onError !== 'skip') return {};
  return { skipped_line_count: (total ?? cursor).skippedLineCount };
}

function endOf(job: JobView): Pick<JobStatusDocument, 'end_time' | 'reason' | 'completion_hook'> {
  if (job.end === null) return {};
  const { at, data } = job.end;
  return {
    end_time: at,
    ...(data.reason && { reason: data.reason }),
    ...(data.completionHook && { completion_hook: data.completionHook }),
  };
}

/** The `api_spec` of an answer: the specification with its identity. */
export interface ApiSpecDocument extends ApiSpec {
  readonly id: ApiId;
  readonly last_updated: string;
}

export const apiSpecDocument = ({ deployed, deployedAt }: ApiVersion): ApiSpecDocument => ({
  ...deployed.spec,
  id: deployed.apiId,
  last_updated: deployedAt,
});
