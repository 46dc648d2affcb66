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

/** Which objects of S3 a job is about, as its submitter wrote it. */
export interface S3Selection {
  /** `s3://bucket/key` of an object, or of everything whose key starts so; at least one. */
  readonly s3Paths: readonly string[];
  /** Globs on the whole `s3://bucket/key`; empty keeps everything. */
  readonly includes: readonly string[];
  /** Globs too; what matches one is dropped. */
  readonly excludes: readonly string[];
}

/** Each selected object's path is an item. */
export interface FilePathListerSource extends S3Selection {
  readonly kind: 'file_path_lister';
  readonly batchSizeItems: number;
}

/** Each line of the selected objects is an item. */
export interface DelimitedFilesSource extends S3Selection {
  readonly kind: 'delimited_files';
  readonly batchSizeItems: number;
  /** What a line that is not JSON does: it ends the job `enqueue_failed`, or it is left out. */
  readonly onError: 'fail' | 'skip';
}

/** Where a job's items come from. */
export type JobSource = ItemListSource | FilePathListerSource | DelimitedFilesSource;

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
    /** The job whose dead letters these items are; `null` for a job of its own. */
    readonly parentJobId: JobId | null;
    /** Who is told that the job has ended: the submission's receiver or the API's; `null`: nobody. */
    readonly onCompleteUrl: string | null;
  }
>;

/** Every batch is on the queue. The counts are final from here on. */
export type EnqueuingCompleted = Event<
  'EnqueuingCompleted',
  {
    readonly jobId: JobId;
    readonly totalBatchCount: number;
    readonly totalItemCount: number;
    /** Lines that were left out because they are not JSON. */
    readonly skippedLineCount: number;
  }
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
