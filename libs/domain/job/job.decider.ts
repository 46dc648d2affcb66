import type { Decider } from '../kernel/decider.ts';
import { unreachable } from '../kernel/errors.ts';
import { type BatchCounts, settledCount } from '../batch/batch-counts.ts';
import type {
  AbortJob,
  CompleteEnqueuing,
  FailEnqueuing,
  FinishJob,
  JobCommand,
  StopJob,
  SubmitJob,
} from './job.commands.ts';
import type { JobCompleted, JobEvent, JobStopRequested } from './job.events.ts';
import { JobHasEnded, JobIsUnsettled, JobNotFound } from './job.rejections.ts';
import type { EndStatus } from './job-status-code.ts';

type StopRequest = Pick<JobStopRequested['data'], 'reason'>;

/** What deciding needs to know of a job: its lifecycle, not its batches. */
export type JobState =
  | { readonly phase: 'absent' }
  | { readonly phase: 'enqueuing'; readonly stopRequest: StopRequest | null }
  | { readonly phase: 'enqueue-failed'; readonly stopRequest: StopRequest | null }
  | {
      readonly phase: 'enqueued';
      readonly stopRequest: StopRequest | null;
      readonly totalBatchCount: number;
    }
  | { readonly phase: 'ended'; readonly status: EndStatus };

type Decision = readonly [] | readonly [JobEvent];

export const jobDecider: Decider<JobState, JobCommand, JobEvent> = {
  initialState: { phase: 'absent' },

  decide(state, command) {
    switch (command.type) {
      case 'SubmitJob':
        return submit(state, command);
      case 'CompleteEnqueuing':
        return completeEnqueuing(state, command);
      case 'FailEnqueuing':
        return failEnqueuing(state, command);
      case 'StopJob':
        return stop(state, command);
      case 'FinishJob':
        return finish(state, command);
      case 'AbortJob':
        return abort(state, command);
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    if (state.phase === 'ended') return state;
    const stopRequest = state.phase === 'absent' ? null : state.stopRequest;
    switch (event.type) {
      case 'JobSubmitted':
        return state.phase === 'absent' ? { phase: 'enqueuing', stopRequest } : state;
      case 'EnqueuingCompleted':
        return { phase: 'enqueued', stopRequest, totalBatchCount: event.data.totalBatchCount };
      case 'EnqueuingFailed':
        return { phase: 'enqueue-failed', stopRequest };
      case 'JobStopRequested':
        return state.phase === 'absent'
          ? state
          : { ...state, stopRequest: { reason: event.data.reason } };
      case 'JobCompleted':
        return { phase: 'ended', status: event.data.status };
      default:
        return unreachable(event);
    }
  },
};

/** A retried submission carries the same job id, so a job that exists is the job that was asked for. */
function submit(state: JobState, { data }: SubmitJob): Decision {
  return state.phase === 'absent' ? [{ type: 'JobSubmitted', data }] : [];
}

function completeEnqueuing(state: JobState, { data }: CompleteEnqueuing): Decision {
  if (state.phase === 'absent') throw new JobNotFound(`no job ${data.jobId}`);
  return state.phase === 'enqueuing' ? [{ type: 'EnqueuingCompleted', data }] : [];
}

function failEnqueuing(state: JobState, { data }: FailEnqueuing): Decision {
  if (state.phase === 'absent') throw new JobNotFound(`no job ${data.jobId}`);
  return state.phase === 'enqueuing' ? [{ type: 'EnqueuingFailed', data }] : [];
}

function stop(state: JobState, { data }: StopJob): Decision {
  switch (state.phase) {
    case 'absent':
      throw new JobNotFound(`unable to find BatchAPI job ${data.jobId}`);
    case 'ended':
      throw new JobHasEnded(`cannot stop job ${data.jobId}: it has ended with ${state.status}`);
    case 'enqueuing':
    case 'enqueue-failed':
    case 'enqueued':
      return state.stopRequest !== null ? [] : [{ type: 'JobStopRequested', data }];
    default:
      return unreachable(state);
  }
}

function finish(state: JobState, { data }: FinishJob): Decision {
  const { jobId, counts, completionHook } = data;
  switch (state.phase) {
    case 'absent':
      throw new JobNotFound(`no job ${jobId}`);
    case 'ended':
      return [];
    case 'enqueuing':
    case 'enqueue-failed':
      throw new JobIsUnsettled(`job ${jobId} is still being enqueued`);
    case 'enqueued': {
      if (settledCount(counts) !== state.totalBatchCount) {
        throw new JobIsUnsettled(
          `job ${jobId} has ${settledCount(counts)} of ${state.totalBatchCount} batches settled`,
        );
      }
      return [{ type: 'JobCompleted', data: { jobId, ...endOf(state, counts), completionHook } }];
    }
    default:
      return unreachable(state);
  }
}

/** Who asked to stop was told that the job stops, so it does, even if the last batch was faster. */
function endOf(
  { stopRequest, totalBatchCount }: Extract<JobState, { phase: 'enqueued' }>,
  { succeeded }: BatchCounts,
): Pick<JobCompleted['data'], 'status' | 'reason'> {
  if (stopRequest !== null) return { status: 'stopped', reason: stopRequest.reason };
  const status = succeeded === totalBatchCount ? 'succeeded' : 'completed_with_failures';
  return { status, reason: null };
}

/** Whoever decided on a timeout, say, may not have seen the stop that was asked for meanwhile. */
function abort(state: JobState, { data }: AbortJob): Decision {
  if (state.phase === 'absent') throw new JobNotFound(`no job ${data.jobId}`);
  if (state.phase === 'ended') return [];
  const { stopRequest } = state;
  const end = stopRequest === null ? data : { status: 'stopped' as const, ...stopRequest };
  return [{ type: 'JobCompleted', data: { ...data, ...end, completionHook: null } }];
}
