import type { BatchCounts } from '#libs/domain/batch/batch-counts.ts';
import type {
  AbortJob,
  CompleteEnqueuing,
  FailEnqueuing,
  FinishJob,
  StopJob,
  SubmitJob,
} from '#libs/domain/job/job.commands.ts';
import type {
  EnqueuingCompleted,
  EnqueuingFailed,
  JobCompleted,
  JobStopRequested,
  JobSubmitted,
} from '#libs/domain/job/job.events.ts';
import { apiId, apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';

/** A job of 100 items in 10 batches for 2 workers; tests name only what they are about. */
export const A_JOB = jobId('00000000000000aa');
const itemList = {
  kind: 'item_list',
  itemsKey: `items/${A_JOB}`,
  itemCount: 100,
  batchSizeItems: 10,
} as const;

type Changes<T extends { readonly data: object }> = Partial<T['data']>;

const submission: JobSubmitted['data'] = {
  jobId: A_JOB,
  apiName: apiName('sum'),
  apiId: apiId('spec-1'),
  source: itemList,
  workers: 2,
  timeoutMs: null,
  deadLetterQueue: null,
  config: new RawJson('{"b":9007199254740993,"a":{"1":null}}'),
  queueUrl: `nats://127.0.0.1:4222/batches.sum.${A_JOB}`,
  traceparent: null,
  parentJobId: null,
  onCompleteUrl: null,
};
const total = { jobId: A_JOB, totalBatchCount: 10, totalItemCount: 100, skippedLineCount: 0 };
const unreadableInput = { kind: 'input.missing', message: 'the items are gone' };

/** Counts of a job whose batches all succeeded, unless told otherwise. */
export const counts = (changes: Partial<BatchCounts> = {}): BatchCounts => ({
  enqueued: 10,
  succeeded: 10,
  failed: 0,
  deadLettered: 0,
  cancelled: 0,
  remaining: 0,
  ...changes,
});

export const submitJob = (changes: Changes<SubmitJob> = {}): SubmitJob => ({
  type: 'SubmitJob',
  data: { ...submission, ...changes },
});
export const completeEnqueuing = (changes: Changes<CompleteEnqueuing> = {}): CompleteEnqueuing => ({
  type: 'CompleteEnqueuing',
  data: { ...total, ...changes },
});
export const failEnqueuing = (changes: Changes<FailEnqueuing> = {}): FailEnqueuing => ({
  type: 'FailEnqueuing',
  data: { jobId: A_JOB, reason: unreadableInput, ...changes },
});
export const stopJob = (changes: Changes<StopJob> = {}): StopJob => ({
  type: 'StopJob',
  data: { jobId: A_JOB, reason: null, ...changes },
});
export const finishJob = (changes: Changes<FinishJob> = {}): FinishJob => ({
  type: 'FinishJob',
  data: { jobId: A_JOB, counts: counts(), completionHook: hookSucceeded, ...changes },
});
export const abortJob = (changes: Changes<AbortJob> = {}): AbortJob => ({
  type: 'AbortJob',
  data: { jobId: A_JOB, status: 'timed_out', reason: null, ...changes },
});

export const hookSucceeded = { result: 'succeeded', attempts: 1, message: null } as const;

export const aJobSubmitted = (changes: Changes<JobSubmitted> = {}): JobSubmitted => ({
  type: 'JobSubmitted',
  data: { ...submission, ...changes },
});
export const enqueuingCompleted = (
  changes: Changes<EnqueuingCompleted> = {},
): EnqueuingCompleted => ({ type: 'EnqueuingCompleted', data: { ...total, ...changes } });
export const enqueuingFailed = (changes: Changes<EnqueuingFailed> = {}): EnqueuingFailed => ({
  type: 'EnqueuingFailed',
  data: { jobId: A_JOB, reason: unreadableInput, ...changes },
});
export const jobStopRequested = (changes: Changes<JobStopRequested> = {}): JobStopRequested => ({
  type: 'JobStopRequested',
  data: { jobId: A_JOB, reason: null, ...changes },
});
export const jobCompleted = (changes: Changes<JobCompleted> = {}): JobCompleted => ({
  type: 'JobCompleted',
  data: {
    jobId: A_JOB,
    status: 'succeeded',
    reason: null,
    completionHook: hookSucceeded,
    ...changes,
  },
});

/** Where the items of a job that carries them are kept; `""` of any other event. */
export const itemsKeyOf = (event: PlatformEvent | undefined): string =>
  event?.type === 'JobSubmitted' && event.data.source.kind === 'item_list'
    ? event.data.source.itemsKey
    : '';
