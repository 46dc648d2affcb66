import type { ApiDetails, JobStatus } from '#libs/client/gateway-documents.ts';

/** Documents as the gateway answers them, with the members that clients do not read. */
export const JOB_ID = '69b183ed6bdf3e9b';
export const API_ID = '69bfbc5ab59b0d80--b2c011c906d3de3174508d257cd93b84';

const submitted = {
  job_id: JOB_ID,
  api_name: 'hello-world',
  kind: 'BatchAPI',
  workers: 2,
  config: null,
  api_id: API_ID,
  sqs_url: `nats://127.0.0.1:4222/CORTEX_BATCHES/cortex.batches.${JOB_ID}`,
  timeout: null,
  sqs_dead_letter_queue: null,
  created_time: '2021-06-10T12:00:00.000Z',
};

/** A job of 100 batches, 12 of which have succeeded. */
export const runningJob = {
  ...submitted,
  status: 'running',
  total_batch_count: 100,
  batches_in_queue: 88,
  batch_metrics: { succeeded: 12, failed: 2, avg_time_per_batch: 1.234 },
  batch_counts: {
    enqueued: 100,
    succeeded: 12,
    failed: 0,
    dead_lettered: 0,
    cancelled: 0,
    remaining: 88,
  },
  worker_counts: { pending: 0, initializing: 0, running: 2, succeeded: 0, failed: 0, stalled: 0 },
  start_time: '2021-06-10T12:00:00.000Z',
} satisfies JobStatus;

/** `runningJob` before a worker took a batch. */
export const pendingJob = {
  ...submitted,
  status: 'pending',
  batches_in_queue: 0,
  batch_metrics: { succeeded: 0, failed: 0 },
  batch_counts: {
    enqueued: 0,
    succeeded: 0,
    failed: 0,
    dead_lettered: 0,
    cancelled: 0,
    remaining: 0,
  },
  start_time: submitted.created_time,
} satisfies JobStatus;

const { worker_counts: _workers, ...running } = runningJob;

/** `runningJob` at its end, 12.3 s after its submission. */
export const succeededJob = {
  ...running,
  status: 'succeeded',
  batches_in_queue: 0,
  batch_metrics: { succeeded: 100, failed: 2, avg_time_per_batch: 0.2 },
  batch_counts: { ...running.batch_counts, succeeded: 100, remaining: 0 },
  end_time: '2021-06-10T12:00:12.300Z',
  completion_hook: { result: 'succeeded', attempts: 1, message: null },
} satisfies JobStatus;

/** `runningJob` when three batches had failed and it had run for two hours. */
export const failedJob = {
  ...running,
  status: 'timed_out',
  batches_in_queue: 0,
  batch_metrics: { succeeded: 12, failed: 5 },
  batch_counts: { ...running.batch_counts, succeeded: 12, failed: 3, cancelled: 85, remaining: 0 },
  end_time: '2021-06-10T14:00:00.000Z',
  reason: { kind: 'job.timed_out', message: 'the job ran for longer than its timeout (7200 s)' },
} satisfies JobStatus;

export const endpoint = 'http://localhost:8888/hello-world';

const spec = { name: 'hello-world', kind: 'BatchAPI', networking: { endpoint: '/hello-world' } };

export const helloWorld = {
  spec,
  endpoint,
  job_statuses: [runningJob],
  api_versions: [{ api_id: API_ID, last_updated: '2021-06-10T09:47:30.000Z' }],
} satisfies ApiDetails;

export const jobDetails = (job: JobStatus) => ({
  job_status: job,
  endpoint: `${endpoint}?jobID=${job.job_id}`,
  api_spec: spec,
});
