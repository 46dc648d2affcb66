import type {
  BatchDeadLettered,
  BatchEnqueued,
  BatchFailed,
  BatchSucceeded,
  JobStarted,
} from '#libs/domain/batch/batch.events.ts';
import { workerId } from '#libs/domain/kernel/ids.ts';
import { A_JOB } from './job.builders.ts';

type Changes<T extends { readonly data: object }> = Partial<T['data']>;

const attempt = {
  jobId: A_JOB,
  index: 0,
  attempt: 1,
  workerId: workerId(0),
  durationUs: 1_000_000,
};
const handlerSaidNo = { kind: 'handler.status', message: 'the handler answered 500' };

export const batchesEnqueued = (changes: Changes<BatchEnqueued> = {}): BatchEnqueued => ({
  type: 'BatchEnqueued',
  data: {
    jobId: A_JOB,
    firstIndex: 0,
    batchCount: 10,
    itemCount: 100,
    cursor: '900',
    skippedLineCount: 0,
    ...changes,
  },
});
export const jobStarted = (changes: Changes<JobStarted> = {}): JobStarted => ({
  type: 'JobStarted',
  data: { jobId: A_JOB, workerId: workerId(0), ...changes },
});
export const batchSucceeded = (changes: Changes<BatchSucceeded> = {}): BatchSucceeded => ({
  type: 'BatchSucceeded',
  data: { ...attempt, ...changes },
});
export const batchFailed = (changes: Changes<BatchFailed> = {}): BatchFailed => ({
  type: 'BatchFailed',
  data: { ...attempt, reason: handlerSaidNo, next: 'fail', ...changes },
});
export const batchDeadLettered = (changes: Changes<BatchDeadLettered> = {}): BatchDeadLettered => ({
  type: 'BatchDeadLettered',
  data: { jobId: A_JOB, index: 0, attempt: 1, reason: handlerSaidNo, ...changes },
});
