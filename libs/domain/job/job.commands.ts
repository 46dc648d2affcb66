import type { Command } from '../kernel/decider.ts';
import type { JobId } from '../kernel/ids.ts';
import type { BatchCounts } from '../batch/batch-counts.ts';
import type {
  CompletionHookOutcome,
  EnqueuingCompleted,
  JobSubmitted,
  Reason,
} from './job.events.ts';
import type { EndStatus } from './job-status-code.ts';

export type SubmitJob = Command<'SubmitJob', JobSubmitted['data']>;

export type CompleteEnqueuing = Command<'CompleteEnqueuing', EnqueuingCompleted['data']>;

export type FailEnqueuing = Command<
  'FailEnqueuing',
  { readonly jobId: JobId; readonly reason: Reason }
>;

export type StopJob = Command<'StopJob', { readonly jobId: JobId; readonly reason: Reason | null }>;

/** Ends a job in which every batch is settled; the counts, or a stop before, decide with which status. */
export type FinishJob = Command<
  'FinishJob',
  {
    readonly jobId: JobId;
    readonly counts: BatchCounts;
    readonly completionHook: CompletionHookOutcome;
  }
>;

/** Ends a job before its batches are settled. */
export type AbortJob = Command<
  'AbortJob',
  {
    readonly jobId: JobId;
    readonly status: Exclude<EndStatus, 'succeeded' | 'completed_with_failures'>;
    readonly reason: Reason | null;
  }
>;

export type JobCommand =
  SubmitJob | CompleteEnqueuing | FailEnqueuing | StopJob | FinishJob | AbortJob;
