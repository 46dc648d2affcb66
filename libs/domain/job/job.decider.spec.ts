import { describe, expect, it } from '@jest/globals';
import { fold } from '../kernel/decider.ts';
import { jobId } from '../kernel/ids.ts';
import { specFor } from '#test/support/decider-spec.ts';
import {
  aJobSubmitted,
  abortJob,
  completeEnqueuing,
  counts,
  enqueuingCompleted,
  enqueuingFailed,
  failEnqueuing,
  finishJob,
  hookSucceeded,
  jobCompleted,
  jobStopRequested,
  stopJob,
  submitJob,
} from '#test/support/job.builders.ts';
import type { JobCommand } from './job.commands.ts';
import { jobDecider } from './job.decider.ts';
import type { JobEvent } from './job.events.ts';
import { JobHasEnded, JobIsUnsettled, JobNotFound } from './job.rejections.ts';

const { given } = specFor(jobDecider);
const apiDeleted = { kind: 'api.deleted', message: 'the API was deleted' };
const tooLarge = { kind: 'batch.too_large', message: 'batch 7 has size 300000 bytes' };

describe('a job that does not exist', () => {
  it('is submitted', () => {
    given()
      .when(submitJob({ workers: 3 }))
      .thenYields(aJobSubmitted({ workers: 3 }));
  });

  it.each<JobCommand>([completeEnqueuing(), failEnqueuing(), stopJob(), finishJob(), abortJob()])(
    'refuses $type',
    (command) => {
      given().when(command).thenRejected(JobNotFound);
    },
  );

  it('is named when it is not found', () => {
    const command = stopJob({ jobId: jobId('00000000000000ff') });
    expect(() => jobDecider.decide(jobDecider.initialState, command)).toThrow('00000000000000ff');
  });
});

describe('a submitted job', () => {
  const past = [aJobSubmitted()];

  it('ignores a second submission', () => {
    given(...past)
      .when(submitJob())
      .thenNothing();
  });
  it('learns its totals when enqueuing completes', () => {
    given(...past)
      .when(completeEnqueuing({ totalBatchCount: 7, totalItemCount: 61 }))
      .thenYields(enqueuingCompleted({ totalBatchCount: 7, totalItemCount: 61 }));
  });
  it('keeps the reason when enqueuing fails', () => {
    given(...past)
      .when(failEnqueuing({ reason: tooLarge }))
      .thenYields(enqueuingFailed({ reason: tooLarge }));
  });
  it('is asked to stop, with the reason', () => {
    given(...past)
      .when(stopJob({ reason: apiDeleted }))
      .thenYields(jobStopRequested({ reason: apiDeleted }));
  });
  it('cannot finish before its batches are counted', () => {
    given(...past)
      .when(finishJob())
      .thenRejected(JobIsUnsettled);
  });
  it('ends stopped when it was asked to before it was aborted', () => {
    given(...past, jobStopRequested({ reason: apiDeleted }))
      .when(abortJob({ status: 'timed_out', reason: tooLarge }))
      .thenYields(jobCompleted({ status: 'stopped', reason: apiDeleted, completionHook: null }));
  });
  it('is aborted without calling the completion hook', () => {
    given(...past)
      .when(abortJob({ status: 'timed_out', reason: tooLarge }))
      .thenYields(jobCompleted({ status: 'timed_out', reason: tooLarge, completionHook: null }));
  });
});

describe('a job that is asked to stop', () => {
  it.each<[string, JobEvent[]]>([
    ['while it is enqueued', [aJobSubmitted(), jobStopRequested()]],
    ['after enqueuing failed', [aJobSubmitted(), enqueuingFailed(), jobStopRequested()]],
    ['while it runs', [aJobSubmitted(), enqueuingCompleted(), jobStopRequested()]],
    ['before enqueuing completed', [aJobSubmitted(), jobStopRequested(), enqueuingCompleted()]],
    ['before enqueuing failed', [aJobSubmitted(), jobStopRequested(), enqueuingFailed()]],
  ])('ignores a second stop (%s)', (_when, past) => {
    given(...past)
      .when(stopJob())
      .thenNothing();
  });

  it('ends stopped, with the reason, even if its last batch is settled first', () => {
    given(aJobSubmitted(), enqueuingCompleted(), jobStopRequested({ reason: apiDeleted }))
      .when(finishJob())
      .thenYields(jobCompleted({ status: 'stopped', reason: apiDeleted }));
  });
});

describe('a job that is enqueued', () => {
  const past = [aJobSubmitted(), enqueuingCompleted({ totalBatchCount: 10 })];

  it('ignores a second completion of enqueuing', () => {
    given(...past)
      .when(completeEnqueuing())
      .thenNothing();
  });
  it('ignores a failure of enqueuing', () => {
    given(...past)
      .when(failEnqueuing())
      .thenNothing();
  });
  it('is asked to stop', () => {
    given(...past)
      .when(stopJob())
      .thenYields(jobStopRequested());
  });
  it('succeeds when every batch succeeded', () => {
    given(...past)
      .when(finishJob({ counts: counts({ succeeded: 10 }) }))
      .thenYields(jobCompleted({ status: 'succeeded' }));
  });
  it.each([
    ['failed', counts({ succeeded: 9, failed: 1 })],
    ['is dead-lettered', counts({ succeeded: 9, deadLettered: 1 })],
  ])('completes with failures when a batch %s', (_what, settled) => {
    given(...past)
      .when(finishJob({ counts: settled }))
      .thenYields(jobCompleted({ status: 'completed_with_failures' }));
  });
  it('cannot finish with a batch in the queue', () => {
    given(...past)
      .when(finishJob({ counts: counts({ succeeded: 9, remaining: 1 }) }))
      .thenRejected(JobIsUnsettled);
  });
  it('records what became of the completion hook', () => {
    const completionHook = { result: 'failed', attempts: 3, message: 'status 500' } as const;
    given(...past)
      .when(finishJob({ completionHook }))
      .thenYields(jobCompleted({ completionHook }));
  });
});

describe('a job whose enqueuing failed', () => {
  const past = [aJobSubmitted(), enqueuingFailed()];

  it('ignores both ends of enqueuing', () => {
    given(...past)
      .when(completeEnqueuing())
      .thenNothing();
    given(...past)
      .when(failEnqueuing())
      .thenNothing();
  });
  it('cannot finish', () => {
    given(...past)
      .when(finishJob())
      .thenRejected(JobIsUnsettled);
  });
  it('ends enqueue_failed', () => {
    given(...past)
      .when(abortJob({ status: 'enqueue_failed', reason: tooLarge }))
      .thenYields(
        jobCompleted({ status: 'enqueue_failed', reason: tooLarge, completionHook: null }),
      );
  });
});

describe('a job that has ended', () => {
  const past = [aJobSubmitted(), enqueuingCompleted(), jobCompleted()];

  it.each<JobCommand>([
    submitJob(),
    completeEnqueuing(),
    failEnqueuing(),
    finishJob(),
    abortJob({ status: 'unexpected_error' }),
  ])('ignores $type', (command) => {
    given(...past)
      .when(command)
      .thenNothing();
  });
  it('cannot be stopped', () => {
    given(...past)
      .when(stopJob())
      .thenRejected(JobHasEnded);
  });
  it('keeps the status it ended with', () => {
    const later = jobCompleted({ status: 'stopped', completionHook: hookSucceeded });
    expect(fold(jobDecider, [...past, later])).toEqual({ phase: 'ended', status: 'succeeded' });
  });
});

describe('an event that today’s decider would not emit', () => {
  it('is folded all the same', () => {
    expect(fold(jobDecider, [jobStopRequested()])).toEqual({ phase: 'absent' });
    expect(fold(jobDecider, [enqueuingFailed(), aJobSubmitted()])).toEqual({
      phase: 'enqueue-failed',
      stopRequest: null,
    });
  });
});
