import type { Event } from '../kernel/decider.ts';
import type { ApiId, ApiName, JobId } from '../kernel/ids.ts';
import type { RawJson } from '../kernel/raw-json.ts';
import type { EndStatus } from './job-status-code.ts';

/** Items of the request, kept as an object: `itemsKey` holds the `items` array byte for byte. */
export interface ItemListSource {
  readonly kind: 'item_list';
  readonly itemsKey: string;
  readonly itemCount: number;
  readonly batchSizeItems: number;
}

/** Where a job's items come from. */
export type JobSource = ItemListSource;

/** Where batches go that failed `receiveCountMax` times. */
export interface DeadLetterQueue {
  readonly arn: string;
  readonly receiveCountMax: number;
}

/** Why something ended badly: `kind` is stable and for programs, `message` is for people. */
export interface Reason {
  readonly kind: string;
  readonly message: string;
}

/** The gateway accepted a job. Always the first event of the job lane. */
export type JobSubmitted = Event<
  'JobSubmitted',
  {
    readonly jobId: JobId;
    readonly apiName: ApiName;
    /** The specification the job runs under to its end, whatever is deployed meanwhile. */
    readonly apiId: ApiId;
    readonly source: JobSource;
    readonly workers: number;
    /** Wall-clock limit counted from the submission; `null` means none. */
    readonly timeoutMs: number | null;
    readonly deadLetterQueue: DeadLetterQueue | null;
    /** The submitter's own object for this job, as its text was sent. */
    readonly config: RawJson | null;
    /** Where the job's batches are queued: `nats://…` or the URL of an SQS queue. */
    readonly queueUrl: string;
    /** W3C trace context of the submission, so handler calls join the submitter's trace. */
    readonly traceparent: string | null;
  }
>;

/** Every batch is on the queue. The counts are final from here on. */
export type EnqueuingCompleted = Event<
  'EnqueuingCompleted',
  { readonly jobId: JobId; readonly totalBatchCount: number; readonly totalItemCount: number }
>;

/** Enqueuing gave up; the job ends `enqueue_failed` and no further batch is sent. */
export type EnqueuingFailed = Event<
  'EnqueuingFailed',
  { readonly jobId: JobId; readonly reason: Reason }
>;

/** A user asked to stop. The job ends `stopped` once no handler call can start any more. */
export type JobStopRequested = Event<
  'JobStopRequested',
  { readonly jobId: JobId; readonly reason: Reason | null }
>;

/** The job has ended; nothing after this event changes its status or its counts. */
export type JobCompleted = Event<
  'JobCompleted',
  {
    readonly jobId: JobId;
    readonly status: EndStatus;
    readonly reason: Reason | null;
    /** What became of calling `/on-job-complete`; `null` where the job ended without it. */
    readonly completionHook: CompletionHookOutcome | null;
  }
>;

/** `absent`: the handler has no such route (404 or 405), which is allowed. */
export interface CompletionHookOutcome {
  readonly result: 'succeeded' | 'absent' | 'failed';
  readonly attempts: number;
  readonly message: string | null;
}

export type JobEvent =
  JobSubmitted | EnqueuingCompleted | EnqueuingFailed | JobStopRequested | JobCompleted;
