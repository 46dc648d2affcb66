import { z } from 'zod';
import {
  type ApiId,
  type ApiName,
  BATCH_INDEX_MAX,
  type JobId,
  type WorkerId,
} from '#libs/domain/kernel/ids.ts';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';

// Ids are checked and not rebuilt: what was read is handed on as it is, in its own member order.
const nonEmpty = z.string().min(1) as z.ZodType;

export const jobId = nonEmpty as z.ZodType<JobId>;
export const apiName = nonEmpty as z.ZodType<ApiName>;
export const apiId = nonEmpty as z.ZodType<ApiId>;
export const workerId = nonEmpty as z.ZodType<WorkerId>;

export const count = z.int().nonnegative();
export const positiveCount = z.int().positive();

export const batchIndex = z.int().nonnegative().max(BATCH_INDEX_MAX);

export const rawJson = z.instanceof(RawJson);

export const reason = z.object({
  kind: z.string(),
  message: z.string(),
}) satisfies z.ZodType<Reason>;
