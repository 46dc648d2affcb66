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

export const itemListSource = z.object({
  kind: z.literal('item_list'),
  itemsKey: z.string().describe('Object of the platform that holds the items'),
  itemCount: count,
  batchSizeItems: positiveCount,
});

const jobSource = z.discriminatedUnion('kind', [
  itemListSource,
  z.object({ kind: z.literal('file_path_lister'), ...s3Selection }),
  z.object({
    kind: z.literal('delimited_files'),
    ...s3Selection,
    onError: z.enum(['fail', 'skip']),
  }),
]) satisfies z.ZodType<JobSource>;

export const jobSubmitted = z
  .object({
    jobId,
    apiName,
    apiId,
    source: jobSource,
    workers: positiveCount.describe('How many workers were asked for'),
    timeoutMs: positiveCount.nullable().describe('Counted from the submission; null: no limit'),
    deadLetterQueue: z
      .object({ arn: z.string(), receiveCountMax: positiveCount })
      .nullable()
      .describe('Where batches go that failed receiveCountMax times'),
    config: rawJson.nullable(),
    queueUrl: z.string().describe("Where the job's batches are queued"),
    traceparent: z.string().nullable().describe('W3C trace context of the submission'),
    parentJobId: jobId.nullable().describe('The job whose dead letters these items are'),
    onCompleteUrl: z.string().nullable().describe('Who is told that the job has ended'),
  })
  .describe(
    'The gateway accepted a job. Always the first event of the job lane.',
  ) satisfies z.ZodType<JobSubmitted['data']>;

export const enqueuingCompleted = z
  .object({
    jobId,
    totalBatchCount: count,
    totalItemCount: count,
    skippedLineCount: count.describe('Lines left out because they are not JSON'),
  })
  .describe('Every batch is on the queue. The counts are final from here on.') satisfies z.ZodType<
  EnqueuingCompleted['data']
>;

export const enqueuingFailed = z
  .object({
    jobId,
    reason,
  })
  .describe(
    'Enqueuing gave up: the job ends enqueue_failed and no further batch is sent.',
  ) satisfies z.ZodType<EnqueuingFailed['data']>;

export const jobStopRequested = z
  .object({
    jobId,
    reason: reason.nullable(),
  })
  .describe(
    'A user asked to stop. The job ends stopped once no handler call can start any more.',
  ) satisfies z.ZodType<JobStopRequested['data']>;

export const jobCompleted = z
  .object({
    jobId,
    status: z.enum(END_STATUSES),
    reason: reason.nullable().describe('Why it ended so, where there is something to say'),
    completionHook: z
      .object({
        result: z.enum(['succeeded', 'absent', 'failed']),
        attempts: count,
        message: z.string().nullable(),
      })
      .nullable()
      .describe('What became of calling /on-job-complete; null where the job ended without it'),
  })
  .describe(
    'The job has ended; nothing after this event changes its status or its counts.',
  ) satisfies z.ZodType<JobCompleted['data']>;
