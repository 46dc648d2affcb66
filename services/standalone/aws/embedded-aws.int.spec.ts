import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { sqsClient } from '#libs/platform/aws/sqs-client.ts';
import { EmbeddedAwsProcess } from '#test/support/embedded-aws.ts';

const MIB = 1024 * 1024;
const BUCKET = 'data';

let aws: EmbeddedAwsProcess;
let s3: S3Client;
let sqs: SQSClient;

beforeAll(async () => {
  aws = await EmbeddedAwsProcess.start();
  const config = { isPathStyle: true, attemptsMax: 3 };
  const explicit = {
    endpoint: aws.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  };
  s3 = s3Client(config, explicit);
  sqs = sqsClient(config, explicit);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
});

afterAll(async () => {
  s3.destroy();
  sqs.destroy();
  await aws.stop();
});

const put = (Key: string, Body: Uint8Array | string = Key) =>
  s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));

async function get(Key: string, Range?: string): Promise<Buffer> {
  const command = new GetObjectCommand({
    Bucket: BUCKET,
    Key,
    ...(Range !== undefined && { Range }),
  });
  const { Body } = await s3.send(command);
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function list(
  Prefix: string,
  { pageSize = 1000, Delimiter }: { readonly pageSize?: number; readonly Delimiter?: string } = {},
): Promise<{ keys: string[]; groups: string[]; pageCount: number }> {
  const found: { keys: string[]; groups: string[]; pageCount: number } = {
    keys: [],
    groups: [],
    pageCount: 0,
  };
  const input = { Bucket: BUCKET, Prefix, ...(Delimiter !== undefined && { Delimiter }) };
  for await (const page of paginateListObjectsV2({ client: s3, pageSize }, input)) {
    found.pageCount++;
    found.keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    found.groups.push(...(page.CommonPrefixes ?? []).map((group) => group.Prefix ?? ''));
  }
  return found;
}

const inByteOrder = (keys: readonly string[]): string[] =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

describe('the embedded S3', () => {
  const mixed = Array.from({ length: 2500 }, (_, index) => {
    const name = createHash('sha1').update(String(index)).digest('base64url').slice(0, 8);
    return `mixed/${index % 7 === 0 ? 'é' : index % 11 === 0 ? '\u{1F600}' : index % 13 === 0 ? '\uFF5E' : ''}${name}`;
  });

  it('lists 2,500 keys of mixed case, each once, in the order of their bytes', async () => {
    for (let at = 0; at < mixed.length; at += 50) {
      await Promise.all(mixed.slice(at, at + 50).map((key) => put(key, 'x')));
    }
    const { keys, pageCount } = await list('mixed/');
    expect(keys).toEqual(inByteOrder(mixed));
    expect(pageCount).toBe(3);
    expect((await list('mixed/', { pageSize: 37 })).keys).toEqual(keys);
  });

  it('lists the same after it was killed', async () => {
    await aws.restart();
    expect((await list('mixed/')).keys).toEqual(inByteOrder(mixed));
  });

  it('lists groups of keys once each, on whatever pages', async () => {
    const keys = ['g/B', 'g/a/1', 'g/a/2', 'g/b', 'g/c/1', 'g/c/2', 'g/d'];
    for (const key of keys) await put(key);
    for (const pageSize of [1, 2, 3, 10]) {
      const found = await list('g/', { pageSize, Delimiter: '/' });
      expect(found).toMatchObject({ keys: ['g/B', 'g/b', 'g/d'], groups: ['g/a/', 'g/c/'] });
    }
    const first = { Bucket: BUCKET, Prefix: 'g/', MaxKeys: 3 };
    const { NextMarker } = await s3.send(new ListObjectsCommand(first));
    const rest = await s3.send(
      new ListObjectsCommand({ ...first, MaxKeys: 9, Marker: NextMarker }),
    );
    expect(rest.Contents?.map(({ Key }) => Key)).toEqual(keys.slice(3));
  });

  it('keeps keys apart that are one or none as file names', async () => {
    const keys = ['a', 'a/b', 'a//b', 'a/', 'A', '../out', 'a b+c%20?&=#', 'é', 'a.data/x', '\'"<>']
      .concat('x'.repeat(1000), 'line\r\nbreak', '\u{1F600}')
      .map((key) => `odd/${key}`);
    for (const key of keys) await put(key);
    await aws.restart();
    for (const key of keys) expect((await get(key)).toString()).toBe(key);
    expect((await list('odd/')).keys).toEqual(inByteOrder(keys));
  });

  it('forgets deleted keys and leaves no file of them', async () => {
    const before = readdirSync(join(aws.folder, 'objects')).length;
    await put('gone/1', 'first');
    await put('gone/1', 'second');
    await put('gone/2');
    expect(readdirSync(join(aws.folder, 'objects'))).toHaveLength(before + 2);
    const Objects = [{ Key: 'gone/1' }, { Key: 'gone/2' }, { Key: 'gone/3' }];
    await s3.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
    expect((await list('gone/')).keys).toEqual([]);
    expect(readdirSync(join(aws.folder, 'objects'))).toHaveLength(before);
  });

  it('deletes at its start what a death has left half written', async () => {
    const orphan = join(aws.folder, 'objects/orphan');
    writeFileSync(orphan, 'half');
    await aws.restart();
    expect(readdirSync(join(aws.folder, 'objects'))).not.toContain('orphan');
  });

  it('takes uploads in parts and in one piece, and serves them by range, also after a kill', async () => {
    const bytes = randomBytes(21 * MIB);
    await new Upload({
      client: s3,
      params: { Bucket: BUCKET, Key: 'big/parts', Body: bytes, ContentEncoding: 'gzip' },
    }).done();
    await put('big/whole', bytes);
    await aws.restart();
    for (const key of ['big/parts', 'big/whole']) {
      const got = await get(key);
      expect(got.equals(bytes)).toBe(true);
      expect((await get(key, 'bytes=6000000-6000009')).equals(bytes.subarray(6e6, 6e6 + 10))).toBe(
        true,
      );
      expect((await get(key, 'bytes=-5')).equals(bytes.subarray(-5))).toBe(true);
    }
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'big/parts' }));
    expect(head).toMatchObject({ ContentEncoding: 'gzip', ContentLength: 21 * MIB });
    expect(head.ETag).toMatch(/^"[0-9a-f]{32}-5"$/);
  });

  it('refuses to serve an object that is another one now', async () => {
    const { ETag } = await put('changed', 'before');
    await put('changed', 'after');
    const read = s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'changed', IfMatch: ETag }));
    await expect(read).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(get('changed', 'bytes=5-')).rejects.toMatchObject({ name: 'InvalidRange' });
    await expect(get('absent')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('takes objects whatever type they are sent with', async () => {
    const body = 'a=1&b=2';
    const type = 'application/x-www-form-urlencoded';
    const url = `${aws.url}/${BUCKET}/form`;
    await fetch(url, { method: 'PUT', body, headers: { 'content-type': type } });
    expect((await get('form')).toString()).toBe(body);
  });
});

const receive = async (QueueUrl: string, VisibilityTimeout = 30) => {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    VisibilityTimeout,
    WaitTimeSeconds: 1,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  });
  return (await sqs.send(command)).Messages?.[0];
};

describe('the embedded SQS', () => {
  it('offers a message at once that was given back, and counts how often it was received', async () => {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'back' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'once' }));
    const first = await receive(QueueUrl);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: first?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    await aws.restart();
    const second = await receive(QueueUrl);
    expect(second).toMatchObject({ Body: 'once', Attributes: { ApproximateReceiveCount: '2' } });
  });

  it('keeps queues and the order of their messages when it is killed', async () => {
    const QueueName = 'ordered.fifo';
    const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    const bodies = ['one', 'two', 'three'];
    for (const MessageBody of bodies) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: 'g' }));
    }
    await aws.restart();
    const found = (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? '';
    const received: (string | undefined)[] = [];
    for (const _ of bodies) {
      const message = await receive(found);
      received.push(message?.Body);
      await sqs.send(
        new DeleteMessageCommand({ QueueUrl: found, ReceiptHandle: message?.ReceiptHandle }),
      );
    }
    expect(received).toEqual(bodies);
  });
});
