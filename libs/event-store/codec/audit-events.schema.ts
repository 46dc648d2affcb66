import { z } from 'zod';
import type { LogCheckpointed } from '#libs/domain/audit/audit.events.ts';
import { positiveCount } from './kernel.schema.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const logCheckpointed = z
  .object({
    firstPosition: positiveCount.describe('Position of the first event that is covered'),
    position: positiveCount.describe('Position of the last event that is covered'),
    eventCount: positiveCount.describe('How many are covered, earlier checkpoints included'),
    sha256: sha256.describe('Over the hash before and the digest of each event, in order'),
    previousSha256: sha256.nullable().describe('Of the checkpoint before; null: this is the first'),
  })
  .describe(
    'What stands in the log up to a position is sealed by a hash, chained to the one before.',
  ) satisfies z.ZodType<LogCheckpointed['data']>;
