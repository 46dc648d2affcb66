import { z } from 'zod';
import type {
  EnqueuingCompleted,
  EnqueuingFailed,
  JobCompleted,
  JobSource,
  JobStopRequested,
  JobSubmitted,
} from '#libs/domain/job/job.events.ts';
import { END_STATUSES } from '#libs/domain/job/job-status-code.ts';
import { apiId, apiName, count, jobId, positiveCount, rawJson, reason } from './kernel.schema.ts';

// `satisfies` ties each wire schema to its domain type: a member added to one alone stops compiling.

const s3Selection = {
  s3Paths: z.array(z.string()),
  includes: z.array(z.string()),
  excludes: z.array(z.string()),
  batchSizeItems: positiveCount,
};

const jobSource = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('item_list'),
    itemsKey: z.string(),
    itemCount: count,
    batchSizeItems: positiveCount,
  }),
  z.object({ kind: z.literal('file_path_lister'), ...s3Selection }),
  z.object({
    kind: z.literal('delimited_files'),
    ...s3Selection,
    onError: z.enum(['fail', 'skip']),
  }),
]) satisfies z.ZodType<JobSource>;

export const jobSubmitted = z.object({
  jobId,
  apiName,
  apiId,
  source: jobSource,
  workers: positiveCount,
  timeoutMs: positiveCount.nullable(),
  deadLetterQueue: z.object({ arn: z.string(), receiveCountMax: positiveCount }).nullable(),
  config: rawJson.nullable(),
  queueUrl: z.string(),
  traceparent: z.string().nullable(),
  parentJobId: jobId.nullable(),
}) satisfies z.ZodType<JobSubmitted['data']>;

export const enqueuingCompleted = z.object({
  jobId,
  totalBatchCount: count,
  totalItemCount: count,
  skippedLineCount: count,
}) satisfies z.ZodType<EnqueuingCompleted['data']>;

export const enqueuingFailed = z.object({
  jobId,
  reason,
}) satisfies z.ZodType<EnqueuingFailed['data']>;

export const jobStopRequested = z.object({
  jobId,
  reason: reason.nullable(),
}) satisfies z.ZodType<JobStopRequested['data']>;

export const jobCompleted = z.object({
  jobId,
  status: z.enum(END_STATUSES),
  reason: reason.nullable(),
  completionHook: z
    .object({
      result: z.enum(['succeeded', 'absent', 'failed']),
      attempts: count,
      message: z.string().nullable(),
    })
    .nullable(),
}) satisfies z.ZodType<JobCompleted['data']>;
