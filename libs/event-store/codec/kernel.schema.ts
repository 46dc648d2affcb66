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

export const jobId = nonEmpty.describe('Id of the job') as z.ZodType<JobId>;
export const apiName = nonEmpty.describe('Name of the API') as z.ZodType<ApiName>;
export const apiId = nonEmpty.describe('Id of the deployed specification') as z.ZodType<ApiId>;
export const workerId = nonEmpty.describe(
  'Ordinal of the worker in its job; a replacement keeps it',
) as z.ZodType<WorkerId>;

export const count = z.int().nonnegative();
export const positiveCount = z.int().positive();

export const batchIndex = z
  .int()
  .nonnegative()
  .max(BATCH_INDEX_MAX)
  .describe('Index of the batch in its job, from 0');
export const attempt = positiveCount.describe('The how-manieth delivery of the batch this was');

export const rawJson = z
  .instanceof(RawJson)
  .describe("The submitter's own JSON, as its text was sent");

export const reason = z.object({
  kind: z.string().describe('Stable; for programs'),
  message: z.string().describe('For people'),
}) satisfies z.ZodType<Reason>;
