import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { FaultProxy } from '#test/support/fault-proxy.ts';
import { s3Client } from './s3-client.ts';
import { sqsClient } from './sqs-client.ts';

const CONFIG = { isPathStyle: true, attemptsMax: 1 };

const AWS_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_REQUEST_CHECKSUM_CALCULATION',
];
const NOTHING_CONFIGURED = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** Resolves every name to this machine. */
const loopback: LookupFunction = (_, options, callback) => {
  const address = { address: '127.0.0.1', family: 4 };
  if (options.all === true) callback(null, [address]);
  else callback(null, address.address, address.family);
};

describe('clients of AWS', () => {
  const { ...outside } = process.env;
  let server: TestAwsServer;
  let proxy: FaultProxy;

  beforeAll(async () => {
    server = await TestAwsServer.start();
    await server.createBucket('reviews');
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    for (const name of AWS_VARIABLES) delete process.env[name];
    Object.assign(process.env, NOTHING_CONFIGURED);
    proxy = await FaultProxy.start(server.url);
  });
  afterEach(async () => {
    process.env = { ...outside };
    await proxy.stop();
  });

  const list = new ListObjectsV2Command({ Bucket: 'reviews' });
  const scopes = (): string[] =>
    proxy.requests.map(
      ({ headers }) => /Credential=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '',
    );

  it('takes credentials, region and endpoint from the variables of AWS', async () => {
    Object.assign(process.env, CREDENTIALS, {
      AWS_ENDPOINT_URL: proxy.url,
      AWS_REGION: 'eu-west-3',
    });
    await s3Client(CONFIG).send(list);
    expect(scopes()).toEqual([expect.stringMatching(/^test\/\d+\/eu-west-3\/s3\/aws4_request$/)]);
  });

  it('has an endpoint for each service, before the one for all', async () => {
    Object.assign(process.env, CREDENTIALS, {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_S3: proxy.url,
      AWS_ENDPOINT_URL_SQS: proxy.url,
    });
    await s3Client(CONFIG).send(list);
    await expect(
      sqsClient(CONFIG).send(new GetQueueUrlCommand({ QueueName: 'none' })),
    ).rejects.toThrow('queue does not exist');
    expect(scopes().map((scope) => scope.split('/')[3])).toEqual(['s3', 'sqs']);
  });

  it('asks us-east-1 when nobody names a region', async () => {
    Object.assign(process.env, CREDENTIALS, { AWS_ENDPOINT_URL: proxy.url });
    await s3Client(CONFIG).send(list);
    expect(scopes()).toEqual([expect.stringContaining('/us-east-1/s3/')]);
  });

  it('says at once that there are no credentials', async () => {
    process.env['AWS_ENDPOINT_URL'] = proxy.url;
    await expect(s3Client(CONFIG).send(list)).rejects.toThrow(
      expect.objectContaining({ name: 'CredentialsProviderError' }),
    );
    expect(proxy.requests).toEqual([]);
  });

  it.each([
    ['WHEN_SUPPORTED', true],
    ['WHEN_REQUIRED', false],
  ])('sends checksums as AWS_REQUEST_CHECKSUM_CALCULATION=%s says', async (mode, isSent) => {
    Object.assign(process.env, CREDENTIALS, {
      AWS_ENDPOINT_URL: proxy.url,
      AWS_REQUEST_CHECKSUM_CALCULATION: mode,
    });
    await s3Client(CONFIG).send(
      new PutObjectCommand({ Bucket: 'reviews', Key: 'a', Body: 'text' }),
    );
    const [headers = {}] = proxy.requests.map((request) => request.headers);
    expect('x-amz-checksum-crc32' in headers).toBe(isSent);
  });

  it('names the bucket in the path only when told to', async () => {
    const { port } = new URL(proxy.url);
    Object.assign(process.env, CREDENTIALS, { AWS_ENDPOINT_URL: `http://store:${port}` });
    const onLoopback = { requestHandler: { httpAgent: new Agent({ lookup: loopback }) } };
    for (const isPathStyle of [true, false])
      await s3Client({ ...CONFIG, isPathStyle }, onLoopback).send(list);
    const asked = proxy.requests.map(({ headers, path }) => `${headers.host}${path}`);
    expect(asked).toEqual([
      `store:${port}/reviews/?list-type=2`,
      `reviews.store:${port}/?list-type=2`,
    ]);
  });

  it('tries again as often as it is told', async () => {
    Object.assign(process.env, CREDENTIALS, { AWS_ENDPOINT_URL: proxy.url });
    proxy.spoil(() => ({ kind: 'answer', status: 500, code: 'InternalError' }));
    await expect(s3Client({ ...CONFIG, attemptsMax: 4 }).send(list)).rejects.toThrow(
      'InternalError',
    );
    expect(proxy.requests).toHaveLength(4);
  });
});
