import { setTimeout as wait } from 'node:timers/promises';
import { type BatchQueue, DeadLetterQueueUnusable } from '#libs/batch-queue/batch-queue.port.ts';
import {
  InputFileRefused,
  InputFilesUnavailable,
  type InputFiles,
} from '#libs/object-store/input-files.port.ts';
import { FileSelection } from '#libs/object-store/selection/file-selection.ts';
import { parseS3Path } from '#libs/object-store/selection/s3-path.ts';
import { badRequest } from '../request-refused.ts';
import type { S3Source } from './s3-source.ts';
import type { Submission } from './submission.ts';

/**
 * How long a submission waits for the first file that matches: time to list and filter some tens of
 * thousands, and less than clients wait for an answer. A job whose first match comes later is
 * accepted, and one that turns out to have none ends `enqueue_failed`.
 */
const LOOK_MS_MAX = 5_000;
/** A store that takes longer to say whether there is a bucket cannot run the job now. */
const BUCKET_MS_MAX = 10_000;
/** Buckets are asked for in some round trips however many there are, and no store is flooded. */
const BUCKETS_AT_ONCE = 16;

export interface SubmissionChecksParts {
  readonly files: InputFiles;
  readonly queue: Pick<BatchQueue, 'checkDeadLetterQueue'>;
  /** For tests; 5 s. */
  readonly lookMsMax?: number;
}

/** What has to be asked of S3 and of the queue before a job is accepted. */
export class SubmissionChecks {
  constructor(private readonly parts: SubmissionChecksParts) {}

  /**
   * @throws RequestRefused 400 when the dead-letter queue cannot be used, a bucket is missing or
   *   denied, or no file matches
   * @throws InputFilesUnavailable, BatchQueueUnavailable
   */
  async check(submission: Submission): Promise<void> {
    const { source } = submission;
    await this.checkPlaces(submission);
    if (source.kind === 'item_list') return;
    if ((await inSource(source, () => this.hasMatch(source))) === false) throw noFilesFound(source);
  }

  /** The same, but for whether a file matches. */
  async checkPlaces({ source, deadLetterQueue }: Submission): Promise<void> {
    if (deadLetterQueue !== null) await this.checkDeadLetterQueue(deadLetterQueue.arn);
    if (source.kind !== 'item_list') await inSource(source, () => this.checkBuckets(source));
  }

  private async checkDeadLetterQueue(arn: string): Promise<void> {
    try {
      await this.parts.queue.checkDeadLetterQueue(arn);
    } catch (error) {
      throw error instanceof DeadLetterQueueUnusable
        ? badRequest(error.code, `sqs_dead_letter_queue: arn: ${error.message}`)
        : error;
    }
  }

  /** Asks for the first file of one path of each bucket: listing may be allowed for a prefix only. */
  private async checkBuckets({ s3Paths }: S3Source): Promise<void> {
    const firstPaths = new Map<string, string>();
    for (const path of s3Paths) {
      const { bucket, prefix } = parseS3Path(path);
      if (!firstPaths.has(bucket)) firstPaths.set(bucket, prefix);
    }
    const left = firstPaths.entries();
    const failed = new AbortController();
    const ask = async (): Promise<void> => {
      for (const [bucket, prefix] of left) await this.checkBucket(bucket, prefix, failed.signal);
    };
    try {
      await Promise.all(Array.from({ length: BUCKETS_AT_ONCE }, ask));
    } finally {
      failed.abort();
    }
  }

  private async checkBucket(bucket: string, prefix: string, signal: AbortSignal): Promise<void> {
    const tooLate = AbortSignal.timeout(BUCKET_MS_MAX);
    const stop = AbortSignal.any([signal, tooLate]);
    try {
      const pages = this.parts.files.list({ bucket, prefix }, null, stop)[Symbol.asyncIterator]();
      await pages.next();
      await pages.return?.();
    } catch (error) {
      if (error instanceof InputFileRefused) throw named(error, bucket);
      if (!tooLate.aborted) throw error;
      throw new InputFilesUnavailable(
        `s3://${bucket} cannot be listed now: no answer within ${BUCKET_MS_MAX / 1000} s`,
        { cause: error },
      );
    }
  }

  /** `null`: not known in time. */
  private async hasMatch(source: S3Source): Promise<boolean | null> {
    const stop = new AbortController();
    const { lookMsMax = LOOK_MS_MAX } = this.parts;
    const late = wait(lookMsMax, null, { signal: stop.signal, ref: false });
    const look = firstMatch(new FileSelection(this.parts.files, source), stop.signal);
    try {
      return await Promise.race([look, late]);
    } finally {
      stop.abort();
      // Whichever lost the race ends with the abortion.
      await Promise.allSettled([late]);
      look.catch(() => {});
    }
  }
}

async function firstMatch(selection: FileSelection, signal: AbortSignal): Promise<boolean> {
  for await (const page of selection.pages(null, signal)) if (page.length > 0) return true;
  return false;
}

export const noFilesFound = ({ kind }: S3Source): Error =>
  badRequest('batchapi.no_s3_files_found', `${kind}: no s3 files match search criteria`);

/** Runs `ask` and names the source in what S3 refuses. */
export async function inSource<Result>(
  source: S3Source,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof InputFileRefused
      ? badRequest(error.code, `${source.kind}: ${error.message}`)
      : error;
  }
}

/** The refusal in the words that clients know. */
function named({ code, message }: InputFileRefused, bucket: string): InputFileRefused {
  if (code === 'aws.bucket_not_found')
    return new InputFileRefused(code, `bucket "${bucket}" not found`);
  if (code !== 'aws.bucket_inaccessible') return new InputFileRefused(code, message);
  return new InputFileRefused(
    code,
    `bucket "${bucket}" is not accessible with the specified AWS credentials (${message})`,
  );
}
