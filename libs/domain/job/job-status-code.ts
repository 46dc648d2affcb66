/** Statuses a job can end with. None is ever left again. */
export const END_STATUSES = [
  'enqueue_failed',
  'completed_with_failures',
  'succeeded',
  'unexpected_error',
  'worker_error',
  'worker_oom',
  'timed_out',
  'stopped',
] as const;
export type EndStatus = (typeof END_STATUSES)[number];

/** Every status a job can have, in the order a job may pass through them. */
export const JOB_STATUSES = ['pending', 'enqueuing', 'running', ...END_STATUSES] as const;
export type JobStatusCode = (typeof JOB_STATUSES)[number];

export const hasEnded = (status: JobStatusCode): status is EndStatus =>
  (END_STATUSES as readonly JobStatusCode[]).includes(status);
