import { z } from 'zod';
import type { IdempotencyKeyClaimed } from '#libs/domain/idempotency/idempotency.ts';
import { jobId } from './kernel.schema.ts';

export const idempotencyKeyClaimed = z
  .object({
    jobId,
    bodySha256: z.string().describe('Of the body of the request that claimed it'),
  })
  .describe(
    "A submission with an Idempotency-Key claimed the key; the job it names is the key's only job.",
  ) satisfies z.ZodType<IdempotencyKeyClaimed['data']>;
