import { z } from 'zod';
import type {
  BatchDeadLettered,
  BatchEnqueued,
  BatchFailed,
  BatchSucceeded,
  JobStarted,
  LinesSkipped,
} from '#libs/domain/batch/batch.events.ts';
import {
  attempt,
  batchIndex,
  count,
  jobId,
  positiveCount,
  reason,
  workerId,
} from './kernel.schema.ts';

export const batchEnqueued = z
  .object({
    jobId,
    firstIndex: batchIndex,
    batchCount: positiveCount.describe('Batches firstIndex, firstIndex + 1, … are meant'),
    itemCount: count.describe('Items of these batches together'),
    cursor: z.string().describe('Where in its input enqueuing goes on; opaque'),
    skippedLineCount: count.describe('Lines left out from the start of the input to the cursor'),
  })
  .describe('A run of consecutive batches is on the queue.') satisfies z.ZodType<
  BatchEnqueued['data']
>;

export const linesSkipped = z
  .object({
    jobId,
    firstSkipped: count.describe('How many lines were left out before these'),
    lineCount: positiveCount,
    lines: z.array(
      z.object({ file: z.string(), line: positiveCount, byteOffset: count, message: z.string() }),
    ),
  })
  .describe('Lines that are not JSON were left out; only with on_error: skip.') satisfies z.ZodType<
  LinesSkipped['data']
>;

export const jobStarted = z
  .object({ jobId, workerId })
  .describe(
    "The first batch of the job is in a worker's hands. Each worker may say so; the first counts.",
  ) satisfies z.ZodType<JobStarted['data']>;

export const batchSucceeded = z
  .object({
    jobId,
    index: batchIndex,
    attempt,
    workerId,
    durationUs: count.describe('Microseconds of the handler call'),
  })
  .describe('The handler answered 200: the batch is settled.') satisfies z.ZodType<
  BatchSucceeded['data']
>;

export const batchFailed = z
  .object({
    jobId,
    index: batchIndex,
    attempt,
    workerId,
    durationUs: count.describe('Microseconds of the handler call'),
    reason,
    next: z
      .enum(['retry', 'fail', 'dead-letter'])
      .describe('fail settles the batch; after dead-letter, BatchDeadLettered does'),
  })
  .describe('An attempt failed, and what follows from it.') satisfies z.ZodType<
  BatchFailed['data']
>;

export const batchDeadLettered = z
  .object({
    jobId,
    index: batchIndex,
    attempt,
    reason,
  })
  .describe(
    'The batch, with its items and the reason, is on the dead-letter queue: it is settled.',
  ) satisfies z.ZodType<BatchDeadLettered['data']>;
