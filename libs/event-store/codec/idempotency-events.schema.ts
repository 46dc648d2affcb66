import { z } from 'zod';
import type { IdempotencyKeyClaimed } from '#libs/domain/idempotency/idempotency.ts';
import { jobId } from './kernel.schema.ts';

export const idempotencyKeyClaimed = z.object({
  jobId,
  bodySha256: z.string(),
}) satisfies z.ZodType<IdempotencyKeyClaimed['data']>;
