import { z } from 'zod';
import type {
  BatchDeadLettered,
  BatchEnqueued,
  BatchFailed,
  BatchSucceeded,
  JobStarted,
  LinesSkipped,
} from '#libs/domain/batch/batch.events.ts';
import { batchIndex, count, jobId, positiveCount, reason, workerId } from './kernel.schema.ts';

export const batchEnqueued = z.object({
  jobId,
  firstIndex: batchIndex,
  batchCount: positiveCount,
  itemCount: count,
  cursor: z.string(),
  skippedLineCount: count,
}) satisfies z.ZodType<BatchEnqueued['data']>;

export const linesSkipped = z.object({
  jobId,
  firstSkipped: count,
  lineCount: positiveCount,
  lines: z.array(
    z.object({ file: z.string(), line: positiveCount, byteOffset: count, message: z.string() }),
  ),
}) satisfies z.ZodType<LinesSkipped['data']>;

export const jobStarted = z.object({ jobId, workerId }) satisfies z.ZodType<JobStarted['data']>;

export const batchSucceeded = z.object({
  jobId,
  index: batchIndex,
  attempt: positiveCount,
  workerId,
  durationUs: count,
}) satisfies z.ZodType<BatchSucceeded['data']>;

export const batchFailed = z.object({
  jobId,
  index: batchIndex,
  attempt: positiveCount,
  workerId,
  durationUs: count,
  reason,
  next: z.enum(['retry', 'fail', 'dead-letter']),
}) satisfies z.ZodType<BatchFailed['data']>;

export const batchDeadLettered = z.object({
  jobId,
  index: batchIndex,
  attempt: positiveCount,
  reason,
}) satisfies z.ZodType<BatchDeadLettered['data']>;
