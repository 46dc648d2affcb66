import { z } from 'zod';

/** Ten years: later ends are beyond what clocks and timers of the services agree on. */
const TIMEOUT_SECONDS_MAX = 315_360_000;
/** Each worker has a record in memory from the submission on. */
const WORKERS_MAX = 10_000;
/** What SQS allows for a redrive policy. */
const RECEIVE_COUNT_MAX = 1000;

const sqsArn = /^arn:[^:]+:sqs:[^:]*:[^:]*:[\w-]{1,80}(\.fifo)?$/;
const s3Path = /^s3:\/\/[^/]+/;

const deadLetterQueue = z.object({
  arn: z
    .string()
    .min(1, { abort: true })
    .refine((arn) => sqsArn.test(arn), {
      error: ({ input }) =>
        `"${String(input)}" is not the ARN of an SQS queue (e.g. arn:aws:sqs:us-west-2:123456789012:failed.fifo)`,
    })
    .describe('ARN of the queue that failed batches are moved to'),
  max_receive_count: z
    .int()
    .min(1)
    .max(RECEIVE_COUNT_MAX)
    .describe('How often a batch is handed to a worker before it is moved'),
});

const batchSize = z.int().min(1).describe('Items per batch');

const s3Source = z.object({
  batch_size: batchSize,
  s3_paths: z
    .array(
      z.string().refine((path) => s3Path.test(path), {
        error: ({ input }) =>
          `"${String(input)}" is not a valid s3 path (e.g. s3://bucket/folder/file.json is a valid s3 path)`,
      }),
    )
    .min(1),
  includes: z.array(z.string()).nullish(),
  excludes: z.array(z.string()).nullish(),
});

const jobFields = {
  workers: z.int().min(1).max(WORKERS_MAX).describe('Workers to run the job on'),
  timeout: z
    .int()
    .min(1)
    .max(TIMEOUT_SECONDS_MAX)
    .nullish()
    .describe('Seconds from the submission until the job is ended'),
  sqs_dead_letter_queue: deadLetterQueue.nullish(),
};

/**
 * A submission without its items and `config`, which stay bytes. The order of the members is the
 * order of the checks.
 */
export const submissionFields = z.object({
  item_list: z.object({ batch_size: batchSize }).optional(),
  file_path_lister: s3Source.pick({ batch_size: true }).optional(),
  delimited_files: s3Source.pick({ batch_size: true }).optional(),
  ...jobFields,
});

/** The rest of the S3 sources, checked after everything else. */
export const s3SourceFields = z.object({
  file_path_lister: s3Source.optional(),
  delimited_files: s3Source.optional(),
});

export type SubmissionFields = z.infer<typeof submissionFields>;

/** A submission as users write it, for the description of the interface. */
export const submissionDocument = z.object({
  ...jobFields,
  config: z
    .record(z.string(), z.unknown())
    .nullish()
    .describe('Anything; handlers find it in the job specification, as it was written'),
  item_list: z
    .object({ items: z.array(z.unknown()).min(1), batch_size: batchSize })
    .optional()
    .describe('The items themselves. Give exactly one of the three sources'),
  file_path_lister: s3Source.optional().describe('Each S3 object is an item'),
  delimited_files: s3Source.optional().describe('Each line of the S3 objects is an item'),
});
