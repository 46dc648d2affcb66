import { createReadStream } from 'node:fs';
import {
  BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { type EmbeddedAws, embeddedAwsVariables } from '#libs/platform/aws/aws-choice.ts';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { CommandFailed } from '../cli.ts';
import { contentTypeOf } from './content-type.ts';
import type { UploadConfig } from './upload.config.ts';
import type { PlannedFile, Target } from './upload-plan.ts';

const MIB = 1024 * 1024;
/** AWS takes at most 10,000 parts of an object, and none below 5 MiB. */
const PARTS_MAX = 10_000;
const PART_BYTES_MIN = 8 * MIB;
/** Of one file; with four files at a time at most 128 MiB are in memory. */
const PARTS_AT_A_TIME = 4;

export interface Uploaded {
  /** With its quotes. */
  readonly etag: string;
}

/** Puts files into one bucket. */
export class S3Uploader {
  private constructor(
    private readonly s3: S3Client,
    private readonly target: Target,
  ) {}

  /** @throws CommandFailed when no AWS is configured and none answers on this machine */
  static async open({ choice, aws }: UploadConfig, target: Target): Promise<S3Uploader> {
    if (choice.kind === 'configured') return new S3Uploader(s3Client(aws), target);
    await checkEmbedded(choice);
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = embeddedAwsVariables(
      choice.url,
    );
    const s3 = s3Client(aws, {
      endpoint: choice.url,
      region: AWS_REGION,
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
    });
    return new S3Uploader(s3, target);
  }

  /** Creates the bucket when it is missing. */
  async createBucket(): Promise<void> {
    const { bucket: Bucket } = this.target;
    await this.told(async () => {
      const isThere = await this.s3.send(new HeadBucketCommand({ Bucket })).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Error && error.name === 'NotFound') return false;
          throw error;
        },
      );
      if (isThere) return;
      const region = await this.s3.config.region();
      // AWS refuses the name of its first region here, and it is not in the list.
      const location = Object.values(BucketLocationConstraint).find((name) => name === region);
      await this.s3.send(
        new CreateBucketCommand({
          Bucket,
          ...(location !== undefined && {
            CreateBucketConfiguration: { LocationConstraint: location },
          }),
        }),
      );
    });
  }

  /** @param onBytes told how many bytes of the file are there, as they grow */
  async upload(
    { file, key, sizeBytes }: PlannedFile,
    signal: AbortSignal,
    onBytes: (sizeBytes: number) => void,
  ): Promise<Uploaded> {
    return this.told(async () => {
      const upload = new Upload({
        client: this.s3,
        queueSize: PARTS_AT_A_TIME,
        partSize: Math.max(PART_BYTES_MIN, Math.ceil(sizeBytes / PARTS_MAX)),
        params: {
          Bucket: this.target.bucket,
          Key: key,
          Body: createReadStream(file),
          ContentType: contentTypeOf(file),
        },
      });
      upload.on('httpUploadProgress', ({ loaded = 0 }) => onBytes(loaded));
      const abort = (): void => void upload.abort();
      signal.addEventListener('abort', abort, { once: true });
      try {
        const { ETag } = await upload.done();
        return { etag: ETag ?? '' };
      } finally {
        signal.removeEventListener('abort', abort);
      }
    }, file);
  }

  close(): void {
    this.s3.destroy();
  }

  private async told<T>(work: () => Promise<T>, file?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const what = file === undefined ? '' : `cannot upload ${file}: `;
      throw new CommandFailed(what + whyRefused(error, this.target.bucket), { cause: error });
    }
  }
}

async function checkEmbedded({ url }: EmbeddedAws): Promise<void> {
  const answer = await fetch(`${url}/_cortex`).catch(() => null);
  if (answer?.ok === true) return;
  throw new CommandFailed(
    `no AWS is configured, and ${answer === null ? 'nothing' : 'something else than the S3 of npm start'} answers at ${url}. ` +
      'Start the platform with npm start (AWS_PORT names another port), or set AWS_PROFILE, or AWS_ENDPOINT_URL and credentials',
  );
}

/** What a person can do about it; `error.name` is S3's code. */
function whyRefused(error: unknown, bucket: string): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  switch (error.name) {
    case 'NoSuchBucket':
      return `there is no bucket ${bucket}; create it, or give --create-bucket`;
    case 'AccessDenied':
    case 'Forbidden':
    case '403':
      return `access to bucket ${bucket} is denied; these credentials need s3:PutObject on it (and s3:AbortMultipartUpload)`;
    case 'CredentialsProviderError':
      return `no AWS credentials were found (${error.message})`;
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
      return `the AWS credentials are refused (${error.name}: ${error.message})`;
    case 'InvalidBucketName':
      return `${bucket} is no name that S3 takes for a bucket`;
    default:
      return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(code)
        ? `S3 cannot be reached (${error.message || code})`
        : `${error.name}: ${error.message}`;
  }
}
