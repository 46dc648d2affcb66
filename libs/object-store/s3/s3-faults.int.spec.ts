import { setImmediate } from 'node:timers/promises';
import { DeleteObjectCommand, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { type Fault, FaultProxy, type ProxiedRequest } from '#test/support/fault-proxy.ts';
import { until } from '#test/support/until.ts';
import { type InputFile, InputFileRefused, InputFilesUnavailable } from '../input-files.port.ts';
import { S3InputFiles } from './s3-input-files.ts';

const BUCKET = 'reviews';
const SIZE_BYTES = 300_000;
const BYTES = Buffer.from(Uint32Array.from({ length: SIZE_BYTES / 4 }, (_, i) => i).buffer);
const { signal } = new AbortController();

const SLOW_DOWN: Fault = { kind: 'answer', status: 503, code: 'SlowDown' };
const reset = (afterBytes: number): Fault => ({ kind: 'reset', afterBytes });
const refusal = (status: number, code: string): Fault => ({ kind: 'answer', status, code });

const isRead = ({ path }: ProxiedRequest): boolean => path.startsWith(`/${BUCKET}/numbers`);

const thrownBy = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => null,
    (error: unknown) => error,
  );

const problemOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await thrownBy(attempt);
  if (!(error instanceof InputFileRefused)) throw new Error('not refused', { cause: error });
  return `${error.code}: ${error.message}`;
};

describe('S3InputFiles behind faults', () => {
  let server: TestAwsServer;
  let proxy: FaultProxy;
  let files: S3InputFiles;
  let numbers: InputFile;

  beforeAll(async () => {
    server = await TestAwsServer.start();
    await server.createBucket(BUCKET);
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    const etag = await server.put(`s3://${BUCKET}/numbers`, BYTES);
    numbers = { bucket: BUCKET, key: 'numbers', sizeBytes: SIZE_BYTES, etag };
    proxy = await FaultProxy.start(server.url);
    files = filesAt(3);
  });
  afterEach(() => proxy.stop());

  const filesAt = (attemptsMax: number, more: S3ClientConfig = {}): S3InputFiles => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const explicit = { endpoint: proxy.url, region: 'us-east-1', credentials, ...more };
    return new S3InputFiles(s3Client({ isPathStyle: true, attemptsMax }, explicit));
  };

  const read = async (file: InputFile, offsetBytes = 0): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    const { chunks } = await files.read(file, offsetBytes, signal);
    for await (const chunk of chunks) pieces.push(chunk);
    return Buffer.concat(pieces);
  };
  const keys = async (bucket = BUCKET): Promise<string[]> => {
    const listed: string[] = [];
    for await (const page of files.list({ bucket, prefix: '' }, null, signal))
      listed.push(...page.map(({ key }) => key));
    return listed;
  };
  const ranges = (): (string | undefined)[] =>
    proxy.requests.filter(isRead).map(({ headers }) => headers.range);

  describe('that pass', () => {
    it.each([
      ['503 SlowDown', SLOW_DOWN],
      ['500', refusal(500, 'InternalError')],
      ['400 RequestTimeout', refusal(400, 'RequestTimeout')],
      ['a reset before the answer', reset(0)],
    ])('lists and reads in spite of %s', async (_, fault) => {
      proxy.spoilNext(fault);
      expect(await keys()).toEqual(['numbers']);
      proxy.spoilNext(fault);
      expect(BYTES.equals(await read(numbers))).toBe(true);
    });

    it('lists in spite of a list that breaks in the middle', async () => {
      proxy.spoilNext(reset(100), { kind: 'truncate', afterBytes: 100 });
      expect(await keys()).toEqual(['numbers']);
    });

    it.each<[string, (afterBytes: number) => Fault]>([
      ['is reset', reset],
      ['ends early', (afterBytes) => ({ kind: 'truncate', afterBytes })],
    ])('reads on by range, of the same version, where a body %s', async (_, fault) => {
      proxy.spoilNext(fault(100_000), fault(50_000), fault(1));
      expect(BYTES.equals(await read(numbers))).toBe(true);
      expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=150000-', 'bytes=150001-']);
      const conditions = proxy.requests.map(({ headers }) => headers['if-match']);
      expect(new Set(conditions)).toEqual(new Set([numbers.etag]));
    });

    it('reads on by range where the answer calls a part of the body the whole', async () => {
      proxy.spoilNext({ kind: 'shorten', afterBytes: 50_000 });
      expect(BYTES.subarray(100_000).equals(await read(numbers, 100_000))).toBe(true);
      expect(ranges()).toEqual(['bytes=100000-', 'bytes=150000-']);
    });

    it('reads on by range where a body was reset before anybody looked at it', async () => {
      proxy.spoilNext(reset(1000));
      const { chunks } = await files.read(numbers, 0, signal);
      await until('the reset', () => proxy.resetCount === 1);
      // A turn of the event loop, in which the client hears of it.
      await setImmediate();
      let seenBytes = 0;
      for await (const chunk of chunks) seenBytes += chunk.length;
      expect(seenBytes).toBe(SIZE_BYTES);
    });

    it('reads on by range where a body falls silent', async () => {
      files = filesAt(1, { requestHandler: { socketTimeout: 200 } });
      proxy.spoilNext({ kind: 'silence', afterBytes: 100_000 });
      expect(BYTES.equals(await read(numbers))).toBe(true);
      expect(ranges()).toEqual([undefined, 'bytes=100000-']);
    });

    it('counts from where it began', async () => {
      proxy.spoilNext(reset(1000));
      expect(BYTES.subarray(200_000).equals(await read(numbers, 200_000))).toBe(true);
      expect(ranges()).toEqual(['bytes=200000-', 'bytes=201000-']);
    });

    it('reads a body that breaks often, as long as it gets on', async () => {
      let count = 0;
      proxy.spoil(() => (++count <= 20 ? reset(10_000) : null));
      expect(BYTES.equals(await read(numbers))).toBe(true);
      expect(proxy.requests).toHaveLength(21);
    });
  });

  describe('that stay', () => {
    it.each([
      [503, 'SlowDown'],
      [500, 'InternalError'],
      [400, 'RequestTimeout'],
    ])('says that the store is unavailable, and what it said: %i %s', async (status, code) => {
      proxy.spoil(() => refusal(status, code));
      for (const attempt of [keys, () => read(numbers)]) {
        const error = await thrownBy(attempt());
        expect(error).toBeInstanceOf(InputFilesUnavailable);
        expect(String(error)).toMatch(/s3:\/\/reviews\/.*tried 3 times/);
        expect(String(error)).toContain(code);
      }
    });

    it('says that the store cannot be reached', async () => {
      await proxy.stop();
      expect(await thrownBy(keys())).toBeInstanceOf(InputFilesUnavailable);
      expect(await thrownBy(read(numbers))).toBeInstanceOf(InputFilesUnavailable);
    });

    it('does not take half a list for the whole', async () => {
      proxy.spoil(() => ({ kind: 'shorten', afterBytes: 100 }));
      expect(await thrownBy(keys())).toBeInstanceOf(InputFilesUnavailable);
    });

    it('gives up on a body that gives nothing any more', async () => {
      files = filesAt(1);
      proxy.spoilNext(reset(1000), ...Array.from({ length: 20 }, () => reset(0)));
      const error = await thrownBy(read(numbers));
      expect(error).toBeInstanceOf(InputFilesUnavailable);
      expect(String(error)).toContain('s3://reviews/numbers');
      expect(proxy.requests.length).toBeLessThan(10);
    });

    it('does not take bytes for right whose checksum is wrong', async () => {
      const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
      proxy.spoilNext({ kind: 'alter', headers });
      expect(String(await thrownBy(read(numbers)))).toMatch(/InputFilesUnavailable.*Checksum/s);
      proxy.spoilNext({ kind: 'shorten', afterBytes: 50_000 });
      expect(String(await thrownBy(read(numbers)))).toMatch(/InputFilesUnavailable.*Checksum/s);
    });

    it('ends a read of a silent body when it is aborted', async () => {
      proxy.spoil(() => ({ kind: 'silence', afterBytes: 1000 }));
      const controller = new AbortController();
      const { chunks } = await files.read(numbers, 0, controller.signal);
      const reading = async (): Promise<void> => {
        for await (const chunk of chunks) {
          expect(chunk.length).toBe(1000);
          process.nextTick(() => controller.abort(new Error('stopped')));
        }
      };
      await expect(reading()).rejects.toThrow('stopped');
    });

    it('ends a pause between attempts when it is aborted', async () => {
      const controller = new AbortController();
      proxy.spoil(() => {
        process.nextTick(() => controller.abort(new Error('stopped')));
        return SLOW_DOWN;
      });
      await expect(files.read(numbers, 0, controller.signal)).rejects.toThrow('stopped');
    });
  });

  describe('that are the submitter’s to mend', () => {
    it('tells a file that was replaced between listing and reading', async () => {
      await server.put(`s3://${BUCKET}/numbers`, 'other');
      expect(await problemOf(read(numbers))).toMatch(/^aws.file_changed: s3:\/\/reviews\/numbers /);
    });

    it('tells a file that was replaced while it was read', async () => {
      proxy.spoilNext(reset(100_000));
      const { chunks } = await files.read(numbers, 0, signal);
      await server.put(`s3://${BUCKET}/numbers`, 'other');
      const reading = async (): Promise<void> => {
        for await (const chunk of chunks) expect(chunk.length).toBeGreaterThan(0);
      };
      expect(await problemOf(reading())).toMatch(/^aws.file_changed/);
    });

    it('tells a replaced file by its ETag where the store heeds no condition', async () => {
      proxy.spoil(() => ({ kind: 'alter', headers: { etag: '"other"' } }));
      expect(await problemOf(read(numbers))).toMatch(/^aws.file_changed/);
    });

    it('tells a file that has more bytes than it was listed with', async () => {
      const listed = { ...numbers, sizeBytes: SIZE_BYTES - 10 };
      expect(await problemOf(read(listed))).toMatch(/^aws.file_changed/);
    });

    it('tells a store that heeds no range', async () => {
      proxy.spoil(() => ({ kind: 'alter', headers: { 'content-range': null } }));
      expect(await problemOf(read(numbers, 10))).toMatch(/^aws.request_refused.* byte 10 .*range/);
    });

    it('tells a file that is gone after it was listed', async () => {
      await server.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'numbers' }));
      expect(await problemOf(read(numbers))).toMatch(
        /^aws.file_not_found: s3:\/\/reviews\/numbers /,
      );
    });

    it.each(['AccessDenied', 'Forbidden'])(
      'tells what may not be listed or read, and which permission is missing: %s',
      async (code) => {
        proxy.spoil(() => refusal(403, code));
        expect(await problemOf(keys())).toMatch(
          /^aws.bucket_inaccessible: s3:\/\/reviews\/ .*s3:ListBucket/,
        );
        expect(await problemOf(read(numbers))).toMatch(
          /^aws.file_inaccessible: s3:\/\/reviews\/numbers .*s3:GetObject/,
        );
        expect(proxy.requests).toHaveLength(2);
      },
    );

    it('tells a bucket that is missing from a file that is', async () => {
      proxy.spoil(() => refusal(404, 'NoSuchBucket'));
      expect(await problemOf(keys())).toMatch(/^aws.bucket_not_found: s3:\/\/reviews\/ /);
      expect(await problemOf(read(numbers))).toMatch(/^aws.bucket_not_found: s3:\/\/reviews\/ /);
    });

    it('tells an archived file', async () => {
      proxy.spoil(() => refusal(403, 'InvalidObjectState'));
      expect(await problemOf(read(numbers))).toMatch(/^aws.file_inaccessible.*restore/);
    });

    it.each([
      [403, 'SignatureDoesNotMatch'],
      [403, 'InvalidAccessKeyId'],
      [400, 'ExpiredToken'],
      [405, 'MethodNotAllowed'],
    ])('passes on what else the store refuses: %i %s', async (status, code) => {
      proxy.spoil(() => refusal(status, code));
      expect(await problemOf(keys())).toMatch(`aws.request_refused: s3://${BUCKET}/ `);
      expect(await problemOf(read(numbers))).toMatch(`${status} ${code}`);
    });
  });

  it('follows a bucket into its region', async () => {
    const redirection: Fault = {
      kind: 'answer',
      status: 301,
      code: 'PermanentRedirect',
      headers: { 'x-amz-bucket-region': 'eu-west-3' },
    };
    proxy.spoil(({ headers }) =>
      headers.authorization?.includes('/eu-west-3/') === true ? null : redirection,
    );
    expect(await keys()).toEqual(['numbers']);
    expect(BYTES.equals(await read(numbers))).toBe(true);
  });
});
