import { describe, expect, it } from '@jest/globals';
import { failedJob, runningJob, succeededJob } from '#test/support/gateway-answers.ts';
import { outcomeLines, statusWords, workersInWords } from './job-wording.ts';

describe('words for a job', () => {
  it.each([
    ['running', 'running'],
    ['enqueue_failed', 'failed while enqueuing'],
    ['completed_with_failures', 'completed with failures'],
    ['worker_oom', 'out of memory'],
    ['timed_out', 'timed out'],
  ] as const)('call %s "%s"', (status, words) => {
    expect(statusWords(status)).toBe(words);
  });

  it('say how a job ended in one line when all is well', () => {
    expect(outcomeLines(succeededJob)).toEqual([
      '69b183ed6bdf3e9b succeeded: 100 of 100 batches succeeded, in 12.3s',
    ]);
  });

  it('say what went wrong, and why', () => {
    const hook = { result: 'failed', attempts: 3, message: 'status 500' } as const;
    expect(outcomeLines({ ...failedJob, completion_hook: hook })).toEqual([
      '69b183ed6bdf3e9b timed out: 12 of 100 batches succeeded, 3 failed, 85 cancelled, in 2h0m0s',
      'reason: the job ran for longer than its timeout (7200 s)',
      'on-job-complete failed (attempts: 3): status 500',
    ]);
  });

  it('name only the states that some worker is in', () => {
    const counts = { ...runningJob.worker_counts, initializing: 1 };
    expect(workersInWords(counts)).toBe('1 initializing, 2 running');
  });
});
