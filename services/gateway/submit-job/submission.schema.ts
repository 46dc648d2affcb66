import { z } from 'zod';
import { webhooksFields } from '#libs/webhook/webhook-url.schema.ts';
import { workersField } from '../workers-field.ts';

/** Ten years: later ends are beyond what clocks and timers of the services agree on. */
const TIMEOUT_SECONDS_MAX = 315_360_000;
/** What SQS allows for a redrive policy. */
const RECEIVE_COUNT_MAX = 1000;

const sqsArn = /^arn:[^:]+:sqs:[^:]*:[^:]*:[\w-]{1,80}(\.fifo)?$/;

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

const globs = z.array(z.string()).nullish();

const filePathLister = z.object({
  batch_size: batchSize,
  s3_paths: z
    .array(z.string())
    .min(1)
    .describe('`s3://bucket/key` of an object, or of all whose key starts so'),
  includes: globs.describe('Globs on the whole path; without any, every file is taken'),
  excludes: globs.describe('Globs too; what matches one is left out'),
});

const delimitedFiles = filePathLister.extend({
  on_error: z
    .enum(['fail', 'skip'])
    .nullish()
    .describe('What a line that is not JSON does: end the job (fail, the default), or be left out'),
});

const jobFields = {
  workers: workersField,
  timeout: z
    .int()
    .min(1)
    .max(TIMEOUT_SECONDS_MAX)
    .nullish()
    .describe('Seconds from the submission until the job is ended'),
  sqs_dead_letter_queue: deadLetterQueue.nullish(),
  webhooks: z.object({ on_complete: webhooksFields.on_complete.nullish() }).nullish(),
};

/**
 * A submission without its items and `config`, which stay bytes. The order of the members is the
 * order of the checks.
 */
export const submissionFields = z.object({
  item_list: z.object({ batch_size: batchSize }).optional(),
  file_path_lister: filePathLister.pick({ batch_size: true }).optional(),
  delimited_files: filePathLister.pick({ batch_size: true }).optional(),
  ...jobFields,
});

/** The rest of the S3 sources, checked after everything else. */
export const s3SourceFields = z.object({
  file_path_lister: filePathLister.optional(),
  delimited_files: delimitedFiles.optional(),
});

export type SubmissionFields = z.infer<typeof submissionFields>;
export type S3SourceFields = z.infer<typeof s3SourceFields>;

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
  file_path_lister: filePathLister.optional().describe('The path of each S3 object is an item'),
  delimited_files: delimitedFiles.optional().describe('Each line of the S3 objects is an item'),
});
