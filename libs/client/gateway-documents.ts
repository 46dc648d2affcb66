import { z } from 'zod';
import { BATCH_OUTCOMES } from '#libs/domain/batch/batch-outcomes.ts';
import { JOB_STATUSES } from '#libs/domain/job/job-status-code.ts';
import { WORKER_STATES } from '#libs/domain/worker/worker.events.ts';

/**
 * What the gateway answers, as far as its clients use it. Members that are not listed are dropped
 * from the parsed value; `Answer.json` has them all.
 */

const count = z.number().int().nonnegative();

export const refusalSchema = z.object({ kind: z.string(), message: z.string() });

export const messageSchema = z.object({ message: z.string() });

export const apiSpecSchema = z.object({
  name: z.string(),
  kind: z.string(),
  networking: z.object({ endpoint: z.string() }),
});

export const deployedApisSchema = z.array(z.object({ message: z.string() }));

export const apiSummariesSchema = z.array(
  z.object({
    name: z.string(),
    last_updated: z.string(),
    active_job_count: count,
    latest_job: z.object({ job_id: z.string(), created_time: z.string() }).nullable(),
  }),
);

export const jobSchema = z.object({
  job_id: z.string(),
  api_name: z.string(),
  workers: count,
  created_time: z.string(),
});

export const workerCountsSchema = z.object({
  pending: count,
  initializing: count,
  running: count,
  succeeded: count,
  failed: count,
  stalled: count,
});

/** Meanings are those of `JobStatusDocument` in libs/domain/status. */
export const jobStatusSchema = jobSchema.extend({
  status: z.enum(JOB_STATUSES),
  total_batch_count: count.optional(),
  batches_in_queue: count,
  batch_metrics: z.object({
    succeeded: count,
    failed: count,
    avg_time_per_batch: z.number().optional(),
  }),
  batch_counts: z.object({
    enqueued: count,
    succeeded: count,
    failed: count,
    dead_lettered: count,
    cancelled: count,
    remaining: count,
  }),
  worker_counts: workerCountsSchema.optional(),
  start_time: z.string(),
  end_time: z.string().optional(),
  reason: refusalSchema.optional(),
  completion_hook: z
    .object({
      result: z.enum(['succeeded', 'absent', 'failed']),
      attempts: count,
      message: z.string().nullable(),
    })
    .optional(),
});

export const apiDetailsSchema = z.object({
  spec: apiSpecSchema,
  endpoint: z.string(),
  /** The newest ten, newest first. */
  job_statuses: z.array(jobStatusSchema),
  /** What was deployed, newest first; at most 100. */
  api_versions: z.array(z.object({ api_id: z.string(), last_updated: z.string() })),
});

export const jobPageSchema = z.object({
  jobs: z.array(jobStatusSchema),
  next_cursor: z.string().nullable(),
});

export const jobDetailsSchema = z.object({ job_status: jobStatusSchema, endpoint: z.string() });

export const deadLettersSchema = z.object({
  dead_letters: z.array(
    z.object({
      index: count,
      attempt: count,
      reason: refusalSchema,
      item_count: count.nullable(),
    }),
  ),
  has_more: z.boolean(),
});

export const workerPageSchema = z.object({
  workers: z.array(
    z.object({
      worker_id: z.string(),
      state: z.enum([...WORKER_STATES, 'stalled']),
      since: z.string(),
      reason: refusalSchema.nullable(),
      restarts: count,
      batches_done: count,
    }),
  ),
  next_cursor: z.string().nullable(),
});

export const batchPageSchema = z.object({
  batches: z.array(
    z.object({
      index: count,
      outcome: z.enum(BATCH_OUTCOMES),
      items: z.object({ first: count, count: count.nullable() }),
      attempt_count: count,
      attempts: z.array(
        z.object({
          attempt: count,
          worker_id: z.string().nullable(),
          duration_seconds: z.number().nullable(),
          reason: refusalSchema.nullable(),
        }),
      ),
    }),
  ),
  next_cursor: z.string().nullable(),
});

/** One event of a job, a CloudEvent. */
export const eventSchema = z.object({
  type: z.string(),
  time: z.string(),
  position: z.string(),
  data: z.record(z.string(), z.unknown()),
});

export const eventPageSchema = z.object({
  events: z.array(eventSchema),
  next_after: z.string().nullable(),
});

export const redrivenJobSchema = jobSchema.extend({
  redriven_batch_count: count,
  has_more: z.boolean(),
});

export const projectionSchema = z.object({
  generation: count,
  position: count,
  jobs_in_memory: count,
  ended_jobs: count,
  rebuild: z.object({ generation: count, position: count, last_position: count }).nullable(),
});

export type Projection = z.infer<typeof projectionSchema>;
export type Message = z.infer<typeof messageSchema>;
export type DeployedApis = z.infer<typeof deployedApisSchema>;
export type ApiSummaries = z.infer<typeof apiSummariesSchema>;
export type ApiDetails = z.infer<typeof apiDetailsSchema>;
export type Job = z.infer<typeof jobSchema>;
export type JobStatus = z.infer<typeof jobStatusSchema>;
export type WorkerCounts = z.infer<typeof workerCountsSchema>;
export type JobPage = z.infer<typeof jobPageSchema>;
export type JobDetails = z.infer<typeof jobDetailsSchema>;
export type DeadLetters = z.infer<typeof deadLettersSchema>;
export type BatchPage = z.infer<typeof batchPageSchema>;
export type JobEvent = z.infer<typeof eventSchema>;
export type EventPage = z.infer<typeof eventPageSchema>;
export type WorkerPage = z.infer<typeof workerPageSchema>;
export type RedrivenJob = z.infer<typeof redrivenJobSchema>;
