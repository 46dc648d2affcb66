import { z } from 'zod';
import { BATCH_OUTCOMES } from '#libs/domain/batch/batch-outcomes.ts';
import { JOB_STATUSES } from '#libs/domain/job/job-status-code.ts';
import { WORKER_STATES } from '#libs/domain/worker/worker.events.ts';

/** What the gateway answers, member by member. */

const count = z.int().min(0);
const time = z.iso.datetime().describe('RFC 3339, UTC, milliseconds');
const config = z.record(z.string(), z.unknown());

export const problemDocument = z.object({
  kind: z.string().describe('Stable; for programs'),
  message: z.string().describe('What is wrong and where; for people'),
});

export const messageDocument = z.object({ message: z.string() });

export const jobDocument = z.object({
  job_id: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe('Newer ids sort first'),
  api_name: z.string(),
  kind: z.literal('BatchAPI'),
  workers: z.int().min(1),
  config: config.nullable(),
  api_id: z.string(),
  sqs_url: z.string().describe('Where the batches of the job are queued'),
  timeout: z.int().min(1).nullable().describe('Seconds'),
  sqs_dead_letter_queue: z
    .object({ arn: z.string(), max_receive_count: z.int().min(1) })
    .nullable(),
  created_time: time,
  parent_job_id: z.string().optional().describe('The job whose dead letters these are'),
});

export const jobStatusDocument = jobDocument.extend({
  status: z.enum(JOB_STATUSES),
  total_batch_count: count.optional(),
  batches_in_queue: count.describe('Enqueued and not settled'),
  batch_metrics: z.object({
    succeeded: count,
    failed: count.describe('Failed attempts'),
    avg_time_per_batch: z.number().optional().describe('Seconds; successful attempts only'),
  }),
  batch_counts: z.object({
    enqueued: count,
    succeeded: count,
    failed: count,
    dead_lettered: count,
    cancelled: count,
    remaining: count,
  }),
  worker_counts: z
    .object({
      pending: count,
      initializing: count,
      running: count,
      succeeded: count,
      failed: count,
      stalled: count,
    })
    .optional()
    .describe('Only while the job is running'),
  start_time: time,
  end_time: time.optional(),
  reason: problemDocument.optional(),
  completion_hook: z
    .object({
      result: z.enum(['succeeded', 'absent', 'failed']),
      attempts: count,
      message: z.string().nullable(),
    })
    .optional(),
});

const env = z.record(z.string(), z.string());
const quantity = z.string().describe('Kubernetes quantity');
const compute = z.object({
  cpu: quantity,
  mem: quantity.nullable(),
  gpu: count,
  inf: count,
  shm: quantity.nullable(),
});
const probe = z.looseObject({
  initial_delay_seconds: count,
  timeout_seconds: count,
  period_seconds: count,
  success_threshold: count,
  failure_threshold: count,
});

export const apiSpecDocument = z.object({
  name: z.string(),
  kind: z.literal('BatchAPI'),
  pod: z
    .object({
      port: z.int(),
      containers: z.array(
        z.object({
          name: z.string(),
          image: z.string().nullable(),
          command: z.array(z.string()),
          args: z.array(z.string()),
          env,
          compute,
          readiness_probe: probe.nullable(),
          liveness_probe: probe.nullable(),
        }),
      ),
    })
    .nullable(),
  handler: z
    .object({ type: z.enum(['python', 'node']), path: z.string(), config, env, compute })
    .nullable(),
  node_groups: z.array(z.string()).nullable(),
  networking: z.object({ endpoint: z.string() }),
  labels: z.record(z.string(), z.string()).describe('Of the resources of its jobs in a cluster'),
  webhooks: z.object({ on_complete: z.object({ url: z.string() }) }).optional(),
  id: z.string().describe('Changes when the specification or its code changes'),
  last_updated: time,
});

export const deployedApisDocument = z.array(
  z.object({ api: apiSpecDocument, endpoint: z.url(), message: z.string() }),
);

export const apiSummariesDocument = z.array(
  z.object({
    name: z.string(),
    kind: z.literal('BatchAPI'),
    api_id: z.string(),
    endpoint: z.url(),
    last_updated: time,
    active_job_count: count,
    latest_job: z.object({ job_id: z.string(), created_time: time }).nullable(),
  }),
);

export const apiDetailsDocument = z.object({
  spec: apiSpecDocument,
  endpoint: z.url(),
  job_statuses: z.array(jobStatusDocument).describe('The newest ten'),
  api_versions: z
    .array(z.object({ api_id: z.string(), last_updated: time }))
    .describe('The newest hundred, newest first'),
});

export const jobPageDocument = z.object({
  jobs: z.array(jobStatusDocument).describe('Newest first'),
  next_cursor: z.string().nullable(),
});

export const workerPageDocument = z.object({
  workers: z
    .array(
      z.object({
        worker_id: z.string().describe('Its number in the job, from 0; replacements keep it'),
        state: z.enum([...WORKER_STATES, 'stalled']),
        since: time.describe('When the state began; of a stalled worker, when it began to wait'),
        reason: problemDocument.nullable().describe('Why, where there is something to say'),
        restarts: count.describe('0 for its first process, more for each replacement'),
        batches_done: count.describe('Handled to success, by its earlier processes too'),
      }),
    )
    .describe('By number'),
  next_cursor: z.string().nullable(),
});

export const batchPageDocument = z.object({
  batches: z.array(
    z.object({
      batch_id: z.string(),
      index: count.describe('Its number in the job, from 0'),
      outcome: z.enum(BATCH_OUTCOMES),
      items: z
        .object({ first: count, count: count.nullable().describe('`null`: not known yet') })
        .describe("Its part of the job's items, which count from 0 and without skipped lines"),
      attempt_count: count,
      attempts: z
        .array(
          z.object({
            attempt: z.int().min(1),
            result: z.enum(['succeeded', 'failed', 'dead_lettered']),
            time,
            worker_id: z.string().nullable(),
            duration_seconds: z.number().nullable(),
            reason: problemDocument.nullable(),
            next: z.enum(['retry', 'fail', 'dead-letter']).nullable(),
          }),
        )
        .describe('The newest 20, oldest first'),
    }),
  ),
  next_cursor: z.string().nullable(),
});

export const eventPageDocument = z.object({
  events: z
    .array(
      z.object({
        specversion: z.literal('1.0'),
        id: z.string().describe('The same for every copy of the event'),
        source: z.string().describe('`/apis/<api>`'),
        subject: z.string().describe('`jobs/<job>`'),
        type: z.string().describe('`dev.cortex.batch.<Event>.v<N>`'),
        time: time.describe('When it happened, by the clock of who recorded it'),
        datacontenttype: z.literal('application/json'),
        position: z.string().describe('Where it stands in the log'),
        data: z.record(z.string(), z.unknown()),
      }),
    )
    .describe('CloudEvents, in the order of the log'),
  next_after: z.string().nullable().describe('`after` of the next page; `null` at the end'),
});

export const jobDetailsDocument = z.object({
  job_status: jobStatusDocument,
  endpoint: z.url(),
  api_spec: apiSpecDocument,
});

export const dryRunDocument = z.union([
  z.object({ item_count: count, batch_count: count }),
  z.object({
    files: z.array(z.string()).describe('`s3://bucket/key` of each file, in the order of the job'),
    file_count: count,
    total_bytes: count.describe('Of the files as they are stored'),
  }),
]);

export const deadLettersDocument = z.object({
  dead_letter_queue: z
    .object({ arn: z.string(), max_receive_count: z.int().min(1) })
    .nullable()
    .describe('`null` where the job has none'),
  dead_letters: z.array(
    z.object({
      batch_id: z.string(),
      index: count,
      attempt: count.describe('How often it was tried'),
      reason: problemDocument,
      item_count: count.nullable(),
      size_bytes: count,
      payload: z.array(z.unknown()).optional().describe('The items as they were sent'),
    }),
  ),
  has_more: z.boolean().describe('Whether there are more, with higher indexes'),
});

export const redrivenJobDocument = jobDocument.extend({
  redriven_batch_count: count.describe('Batches of the parent that the new job has'),
  has_more: z.boolean().describe('Whether letters are left, for another redrive'),
});

export const readinessDocument = z.object({
  status: z.enum(['ready', 'not_ready']),
  services: z.record(
    z.string(),
    z.object({
      is_ready: z.boolean(),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  ),
});

export const projectionDocument = z.object({
  generation: count.describe('How often it was made anew, from 1'),
  position: count.describe('Of the newest event that it shows'),
  jobs_in_memory: count.describe('Jobs that run, or whose workers have not all left'),
  ended_jobs: count,
  rebuild: z
    .object({
      generation: count,
      requested_time: z.string(),
      position: count,
      last_position: count,
    })
    .nullable()
    .describe('The next generation, while it is being made, and how far of how much it is'),
});

export const livenessDocument = z.object({ status: z.literal('alive') });
