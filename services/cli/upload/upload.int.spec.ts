import { mkdir } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { CommandLine } from '#test/support/command-line.ts';
import { EmbeddedAwsProcess } from '#test/support/embedded-aws.ts';
import { freePort } from '#test/support/free-port.ts';

let aws: EmbeddedAwsProcess;
let s3: S3Client;
beforeAll(async () => {
  aws = await EmbeddedAwsProcess.start();
  s3 = s3Client(
    { isPathStyle: true, attemptsMax: 1 },
    {
      endpoint: aws.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    },
  );
});
afterAll(async () => {
  s3.destroy();
  await aws.stop();
});

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.env = { AWS_PORT: String(aws.port), HOME: cli.folder };
});
afterEach(() => cli.remove());

/** What the command does without `npm start`: it is told of an endpoint. */
const configured = () => ({
  HOME: cli.folder,
  AWS_ENDPOINT_URL: aws.url,
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  S3_FORCE_PATH_STYLE: 'true',
  AWS_MAX_ATTEMPTS: '1',
});

async function object(Bucket: string, Key: string) {
  const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), type: ContentType };
}

describe('cortex upload', () => {
  it('puts files below a prefix, in a bucket that it creates', async () => {
    const large = randomBytes(20 * 1024 * 1024);
    await cli.writeFile('rows.ndjson', '{}\n');
    await cli.writeFile('large.bin', large);
    const { code, stdout, stderr } = await cli.run(
      'upload',
      'rows.ndjson',
      'large.bin',
      's3://first/in/',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').toSorted()).toEqual([
      '',
      's3://first/in/large.bin  20.0 MiB',
      's3://first/in/rows.ndjson  3 bytes',
    ]);
    expect((await object('first', 'in/large.bin')).bytes.equals(large)).toBe(true);
    expect((await object('first', 'in/rows.ndjson')).type).toBe('application/x-ndjson');
  });

  it('takes a target without a slash as the key of the one file', async () => {
    await cli.writeFile('a.json', '[]');
    const { stdout } = await cli.run('upload', 'a.json', 's3://first/b.json', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      path: 's3://first/b.json',
      file: 'a.json',
      size_bytes: 2,
    });
  });

  it('uploads what is in folders when it is asked to', async () => {
    await mkdir(join(cli.folder, 'photos/2026'), { recursive: true });
    await cli.writeFile('photos/a.png', 'a');
    await cli.writeFile('photos/2026/b c.png', 'b');
    expect(await cli.run('upload', 'photos', 's3://first/p/')).toMatchObject({
      code: 1,
      stderr: 'error: photos is a folder; -r uploads what is in it\n',
    });
    const { stdout } = await cli.run('upload', '-r', 'photos', 's3://first/p/');
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual([
      's3://first/p/2026/b c.png  1 byte',
      's3://first/p/a.png  1 byte',
    ]);
    expect((await object('first', 'p/2026/b c.png')).type).toBe('image/png');
  });

  it('creates a bucket of a configured S3 only when it is asked to', async () => {
    cli.env = configured();
    await cli.writeFile('a', 'a');
    expect(await cli.run('upload', 'a', 's3://second/')).toMatchObject({
      code: 1,
      stderr:
        'error: cannot upload a: there is no bucket second; create it, or give --create-bucket\n',
    });
    expect(await cli.run('upload', 'a', 's3://second/', '--create-bucket')).toMatchObject({
      code: 0,
    });
  });

  it.each([
    [['a'], 2, 'give files, and then where to'],
    [['a', 'bucket/key'], 2, 'as s3://BUCKET/PREFIX/; got bucket/key'],
    [['absent', 's3://first/'], 1, 'cannot read absent: there is no such file'],
    [['a', 'b', 's3://first/one'], 2, 'a and b would both become one'],
    [['a', 's3://NO/'], 1, 'NO is no name that S3 takes for a bucket'],
  ])('refuses %j', async (args, exitCode, message) => {
    await cli.writeFile('a', 'a');
    await cli.writeFile('b', 'b');
    const { code, stderr } = await cli.run('upload', ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(exitCode);
  });

  it('says what to do when there is no S3', async () => {
    await cli.writeFile('a', 'a');
    cli.env = { HOME: cli.folder, AWS_PORT: String(await freePort()) };
    const { code, stderr } = await cli.run('upload', 'a', 's3://first/');
    expect(code).toBe(1);
    expect(stderr).toContain('no AWS is configured, and nothing answers at http://127.0.0.1:');
    cli.env = { ...configured(), AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` };
    expect((await cli.run('upload', 'a', 's3://first/')).stderr).toContain('S3 cannot be reached');
  });
});
