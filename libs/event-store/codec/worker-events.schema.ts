import { z } from 'zod';
import {
  WORKER_STATES,
  type WorkerStalled,
  type WorkerStateChanged,
} from '#libs/domain/worker/worker.events.ts';
import { count, jobId, reason, workerId } from './kernel.schema.ts';

export const workerStateChanged = z
  .object({
    jobId,
    workerId,
    restart: count.describe('How often this worker was replaced before'),
    state: z.enum(WORKER_STATES),
    willRestart: z.boolean().describe('Only with failed: a replacement follows'),
    reason: reason.nullable(),
  })
  .describe('What the compute backend reports of a worker.') satisfies z.ZodType<
  WorkerStateChanged['data']
>;

export const workerStalled = z
  .object({
    jobId,
    workerId,
    restart: count,
  })
  .describe(
    'The worker has been pending for longer than the limit. Undone when it starts.',
  ) satisfies z.ZodType<WorkerStalled['data']>;
