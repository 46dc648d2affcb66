import { describe, expect, it } from '@jest/globals';
import { hasEnded, JOB_STATUSES } from './job-status-code.ts';

describe('a job status', () => {
  it('is one of the eleven that clients know', () => {
    expect([...JOB_STATUSES].sort()).toEqual(
      (
        'completed_with_failures enqueue_failed enqueuing pending running stopped succeeded ' +
        'timed_out unexpected_error worker_error worker_oom'
      ).split(' '),
    );
  });
  it('is an end unless it is pending, enqueuing or running', () => {
    expect(JOB_STATUSES.filter((status) => !hasEnded(status))).toEqual([
      'pending',
      'enqueuing',
      'running',
    ]);
  });
});
