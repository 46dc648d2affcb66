import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { S3Client } from '@aws-sdk/client-s3';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { FaultProxy } from '#test/support/fault-proxy.ts';
import { generatedKeys } from '#test/support/s3-listing.ts';
import { S3TestServer } from '#test/support/s3-server.ts';
import { until } from '#test/support/until.ts';
import type { InputFile } from '../input-files.port.ts';
import { S3InputFiles } from './s3-input-files.ts';

const BUCKET = 'images';
const { signal } = new AbortController();

/** Keys that a listing gets wrong when it is not encoded, not decoded, or decoded twice. */
const ODD_KEYS = [
  '\u0001\u001F\r\n\t',
  'a+b c%2Bd',
  '%',
  '%41',
  '日本/\u{1F600}',
  '&amp;<"\'>',
  ' ',
  '\uFFFD',
];

/** Begins in the middle of the first page. */
const unorderedKeyAt = (index: number): string => `k${10_000 + ((index + 700) % 2000)}`;

describe('S3InputFiles.list', () => {
  let server: S3TestServer;
  let s3: S3Client;
  let files: S3InputFiles;

  beforeAll(async () => {
    server = await S3TestServer.start();
    s3 = server.client();
    files = new S3InputFiles(s3);
  });
  afterAll(async () => {
    s3.destroy();
    await server.stop();
  });

  const listed = async (prefix: string, after: string | null = null): Promise<InputFile[]> => {
    const found: InputFile[] = [];
    for await (const page of files.list({ bucket: BUCKET, prefix }, after, signal))
      found.push(...page);
    return found;
  };
  const keys = async (prefix: string, after: string | null = null): Promise<string[]> =>
    (await listed(prefix, after)).map(({ key }) => key);

  it('gives every key of many pages once and in order, from the start and from behind any key', async () => {
    const all = Array.from({ length: 3500 }, (_, index) => `${index.toString(36)}/ü Z+z%`);
    const { count, keyAt } = generatedKeys(all);
    server.putListing(BUCKET, { count, keyAt });
    const ordered = Array.from({ length: count }, (_, index) => keyAt(index));
    expect(await keys('')).toEqual(ordered);
    for (const from of [0, 999, 1000, 3456])
      expect(await keys('', keyAt(from))).toEqual(ordered.slice(from + 1));
    expect(await keys('a')).toEqual(ordered.filter((key) => key.startsWith('a')));
  });

  it('gives keys as they are, whatever characters they have', async () => {
    const { count, keyAt } = generatedKeys(ODD_KEYS);
    server.putListing(BUCKET, { count, keyAt });
    const found = await listed('');
    expect(found.map(({ key }) => key)).toEqual(Array.from({ length: count }, (_, i) => keyAt(i)));
    for (const { key } of found) expect(await keys(key)).toContain(key);
    for (const file of found) {
      const { chunks } = await files.read(file, 0, signal);
      for await (const chunk of chunks) expect(chunk.length).toBe(1);
    }
  });

  it('has asked for the next page before this one is done with, and for no more than that', async () => {
    server.putListing(BUCKET, { count: 5000, keyAt: (index) => `k${10_000 + index}` });
    server.requests.length = 0;
    for await (const page of files.list({ bucket: BUCKET, prefix: '' }, null, signal)) {
      expect(page).toHaveLength(1000);
      await until('the second page to be asked for', () => server.requests.length === 2);
      break;
    }
    expect(await keys('none')).toEqual([]);
    expect(server.requests).toHaveLength(3);
  });

  it('gives up the next page when it is left', async () => {
    server.putListing(BUCKET, { count: 2000, keyAt: (index) => `k${10_000 + index}` });
    const proxy = await FaultProxy.start(server.url);
    const behindProxy = s3Client(
      { isPathStyle: true, attemptsMax: 1 },
      {
        endpoint: proxy.url,
        region: 'us-east-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      },
    );
    proxy.spoil(({ path }) =>
      path.includes('continuation-token') ? { kind: 'silence', afterBytes: 0 } : null,
    );
    const leaving = new S3InputFiles(behindProxy);
    for await (const page of leaving.list({ bucket: BUCKET, prefix: '' }, null, signal)) {
      expect(page).toHaveLength(1000);
      await until('the second page to be asked for', () => proxy.requests.length === 2);
      expect(proxy.openCount).toBe(1);
      break;
    }
    await until('the request to end', () => proxy.openCount === 0, 5000);
    await proxy.stop();
  });

  it('refuses a list that goes back, before it gives what comes behind', async () => {
    server.putListing(BUCKET, { count: 2000, keyAt: unorderedKeyAt });
    await expect(keys('')).rejects.toMatchObject({
      code: 'aws.request_refused',
      message: expect.stringMatching(/s3:\/\/images\/ is not listed in the order of its keys/),
    });
  });
});
