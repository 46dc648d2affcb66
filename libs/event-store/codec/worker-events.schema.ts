import { z } from 'zod';
import {
  WORKER_STATES,
  type WorkerStalled,
  type WorkerStateChanged,
} from '#libs/domain/worker/worker.events.ts';
import { count, jobId, reason, workerId } from './kernel.schema.ts';

export const workerStateChanged = z.object({
  jobId,
  workerId,
  restart: count,
  state: z.enum(WORKER_STATES),
  willRestart: z.boolean(),
  reason: reason.nullable(),
}) satisfies z.ZodType<WorkerStateChanged['data']>;

export const workerStalled = z.object({
  jobId,
  workerId,
  restart: count,
}) satisfies z.ZodType<WorkerStalled['data']>;
