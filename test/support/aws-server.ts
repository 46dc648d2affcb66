import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { sqsClient } from '#libs/platform/aws/sqs-client.ts';

const REGION = 'us-east-1';
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };
/** One attempt: a test that meets a fault wants to see it. */
const CONFIG = { isPathStyle: true, attemptsMax: 1 };

export interface PutOptions {
  readonly contentEncoding?: string;
}

/**
 * S3 and SQS in a process of their own (fauxqs), empty at the start. Mind what it does not do as
 * AWS does: it lists keys by locale, so keep listings of mixed case, or of more than 1,000 keys, to
 * `S3TestServer`.
 */
export class TestAwsServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly s3: S3Client,
    readonly sqs: SQSClient,
  ) {}

  static async start(): Promise<TestAwsServer> {
    const child = fork(join(import.meta.dirname, 'fauxqs.mjs'), { execArgv: [] });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve(Number(message)));
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`fauxqs exited with ${code}`)));
    });
    const explicit = {
      endpoint: `http://127.0.0.1:${port}`,
      region: REGION,
      credentials: CREDENTIALS,
    };
    return new TestAwsServer(child, port, s3Client(CONFIG, explicit), sqsClient(CONFIG, explicit));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Points a process at this server, whatever AWS settings its own environment has. */
  get env() {
    return awsEnvironment(this.url);
  }

  async createBucket(bucket: string): Promise<void> {
    await this.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  }

  /** @returns the ETag, with its quotes */
  async put(location: `s3://${string}`, bytes: Uint8Array | string, options: PutOptions = {}) {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(location) ?? [];
    const { ETag } = await this.s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: bytes,
        ...(options.contentEncoding !== undefined && { ContentEncoding: options.contentEncoding }),
      }),
    );
    return ETag ?? '';
  }

  async stop(): Promise<void> {
    this.s3.destroy();
    this.sqs.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

/** The environment of a process that is to find S3 and SQS at `url`, and nothing of a real AWS. */
export const awsEnvironment = (url: string) => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PROFILE: '',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  S3_FORCE_PATH_STYLE: 'true',
});
