import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { aSubmission } from '#test/support/gateway.ts';
import { type S3Gateway, startS3Gateway } from '#test/support/s3-gateway.ts';
import { generatedKeys } from '#test/support/s3-listing.ts';

let platform: S3Gateway;
beforeAll(async () => {
  platform = await startS3Gateway();
  platform.s3.putListing('photos', generatedKeys(['2024/a.png', '2024/b.jpg', '2025/']));
  platform.s3.putListing('other', generatedKeys(['x']));
});
afterEach(() => {
  platform.proxy.spoil(() => null);
  platform.gateway.deadLetterQueues.unusable.clear();
  platform.gateway.deadLetterQueues.isDown = false;
});
afterAll(() => platform.stop());

type SourceName = 'file_path_lister' | 'delimited_files';

const ARN = 'arn:aws:sqs:us-west-2:123456789:failed.fifo';
const deadLetterQueue = { sqs_dead_letter_queue: { arn: ARN, max_receive_count: 3 } };

const from = (name: SourceName, source: object, changes: object = {}): string =>
  aSubmission({
    item_list: undefined,
    [name]: { s3_paths: ['s3://photos/'], batch_size: 1, ...source },
    ...changes,
  });

const post = (body: string, query = '', headers: Record<string, string> = {}) =>
  platform.gateway.request('POST', `/sum${query}`, { body, headers });

/** The same answer to a submission and to its dry run, after which nothing has been recorded. */
async function refusalOf(body: string): Promise<object> {
  const before = await platform.gateway.eventCount();
  const [submission, dryRun] = [await post(body), await post(body, '?dryRun=true')];
  const refusal = { status: submission.status, ...((await submission.json()) as object) };
  expect({ status: dryRun.status, ...((await dryRun.json()) as object) }).toEqual(refusal);
  expect(await platform.gateway.eventCount()).toBe(before);
  return refusal;
}

const expectUnavailable = async (body: string, message: string): Promise<void> => {
  const before = await platform.gateway.eventCount();
  for (const query of ['', '?dryRun=true']) {
    const response = await post(body, query);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toEqual({
      kind: 'service.unavailable',
      message: expect.stringContaining(message),
    });
  }
  expect(await platform.gateway.eventCount()).toBe(before);
};

const SOURCES: readonly SourceName[] = ['file_path_lister', 'delimited_files'];

describe.each(SOURCES)('POST <endpoint> with %s refuses', (name) => {
  it.each<[string, object, string, string]>([
    ['no paths', { s3_paths: [] }, 'field.too_small', 's3_paths: must contain at least 1 elements'],
    ['paths left out', { s3_paths: null }, 'field.required', 's3_paths: must be defined'],
    ['a single path', { s3_paths: 's3://b' }, 'field.wrong_type', 's3_paths: must be an array'],
    ['a path that is none', { s3_paths: [1] }, 'field.wrong_type', 's3_paths: 0: must be a string'],
    ['a misspelt member', { S3_paths: [] }, 'field.misspelt', 'key "S3_paths" is not supported'],
    ['no batch size', { batch_size: null }, 'field.required', 'batch_size: must be defined'],
    [
      'a path of another kind',
      { s3_paths: ['s3://photos/x', 'http://photos/x'] },
      'aws.invalid_s3_path',
      's3_paths: "http://photos/x" is not a valid s3 path (e.g. s3://cortex-examples/',
    ],
    [
      'a path without a bucket',
      { s3_paths: ['s3:///x'] },
      'aws.invalid_s3_path',
      's3_paths: "s3:///x" is not a valid s3 path',
    ],
    ['a bad include', { includes: ['{a'] }, 'glob.invalid', 'includes: {a: '],
    ['a bad exclude', { excludes: ['**', '[b'] }, 'glob.invalid', 'excludes: [b: '],
    [
      'patterns of a wrong type',
      { includes: ['*', 1] },
      'field.wrong_type',
      'includes: 1: must be a string (got 1)',
    ],
    [
      'a bucket that is not there',
      { s3_paths: ['s3://photos/', 's3://phootos/'] },
      'aws.bucket_not_found',
      'bucket "phootos" not found',
    ],
    [
      'paths that select no file',
      { s3_paths: ['s3://photos/2023/'] },
      'batchapi.no_s3_files_found',
      'no s3 files match search criteria',
    ],
    [
      'a folder whose only object is its marker',
      { s3_paths: ['s3://photos/2025/'] },
      'batchapi.no_s3_files_found',
      'no s3 files match search criteria',
    ],
    [
      'includes that match no file',
      { includes: ['**.gif'] },
      'batchapi.no_s3_files_found',
      'no s3 files match search criteria',
    ],
    [
      'excludes that match every file',
      { excludes: ['**.png', '**.jpg'] },
      'batchapi.no_s3_files_found',
      'no s3 files match search criteria',
    ],
  ])('%s', async (_case, source, kind, message) => {
    expect(await refusalOf(from(name, source))).toEqual({
      status: 400,
      kind,
      message: expect.stringContaining(`${name}: ${message}`),
    });
  });

  it('a bucket that may not be listed', async () => {
    platform.proxy.spoil(({ path }) =>
      path.startsWith('/other') ? { kind: 'answer', status: 403, code: 'AccessDenied' } : null,
    );
    const body = from(name, { s3_paths: ['s3://photos/', 's3://other/'] });
    expect(await refusalOf(body)).toEqual({
      status: 400,
      kind: 'aws.bucket_inaccessible',
      message: expect.stringMatching(
        /^\w+: bucket "other" is not accessible with the specified AWS credentials \(.*s3:ListBucket/,
      ),
    });
  });

  it('more paths than an event holds', async () => {
    const s3Paths = Array.from({ length: 4000 }, (_, n) => `s3://photos/${n}`.padEnd(100, 'x'));
    expect(await refusalOf(from(name, { s3_paths: s3Paths }))).toEqual({
      status: 400,
      kind: 'field.too_large',
      message: expect.stringMatching(/exceeds the limit \(393216 bytes\).*prefixes.*item_list/),
    });
  });

  it('a dead-letter queue that cannot be used, before it asks S3', async () => {
    platform.gateway.deadLetterQueues.unusable.add(ARN);
    const body = from(name, { s3_paths: ['s3://phootos/'] }, deadLetterQueue);
    expect(await refusalOf(body)).toEqual({
      status: 400,
      kind: 'dead_letter_queue.unusable',
      message: `sqs_dead_letter_queue: arn: ${ARN} does not exist`,
    });
  });
});

describe('POST <endpoint> refuses', () => {
  it('another way to treat bad lines than there is', async () => {
    expect(await refusalOf(from('delimited_files', { on_error: 'stop' }))).toEqual({
      status: 400,
      kind: 'field.invalid',
      message: 'delimited_files: on_error: must be "fail" or "skip" (got "stop")',
    });
  });

  it('items whose dead-letter queue cannot be used', async () => {
    platform.gateway.deadLetterQueues.unusable.add(ARN);
    expect(await refusalOf(aSubmission(deadLetterQueue))).toMatchObject({
      kind: 'dead_letter_queue.unusable',
    });
  });

  it('what is wrong in the request before what is wrong in S3', async () => {
    const nowhere = { s3_paths: ['s3://phootos/'], includes: ['{a'] };
    expect(
      await refusalOf(from('file_path_lister', { ...nowhere, batch_size: 0 }, { workers: 0 })),
    ).toMatchObject({ message: expect.stringContaining('batch_size: ') });
    expect(await refusalOf(from('file_path_lister', nowhere, { workers: 0 }))).toMatchObject({
      message: expect.stringContaining('workers: '),
    });
    expect(
      await refusalOf(from('file_path_lister', { ...nowhere, s3_paths: ['x'] })),
    ).toMatchObject({ kind: 'glob.invalid' });
    expect(await refusalOf(from('file_path_lister', nowhere))).toMatchObject({
      kind: 'glob.invalid',
    });
  });
});

describe('POST <endpoint> is answered 503 with Retry-After', () => {
  it('while S3 cannot answer', async () => {
    platform.proxy.spoil(() => ({ kind: 'answer', status: 503, code: 'SlowDown' }));
    await expectUnavailable(
      from('file_path_lister', {}),
      's3://photos/ cannot be read now: SlowDown',
    );
  });

  it('while the queue cannot say whether there is such a dead-letter queue', async () => {
    platform.gateway.deadLetterQueues.isDown = true;
    await expectUnavailable(aSubmission(deadLetterQueue), 'the batch queue cannot be reached');
  });
});

describe('an Idempotency-Key', () => {
  it('finds its job whatever has become of the files', async () => {
    const headers = { 'idempotency-key': 'photos' };
    const body = from('file_path_lister', {});
    const first = await (await post(body, '', headers)).json();
    platform.proxy.spoil(() => ({ kind: 'answer', status: 404, code: 'NoSuchBucket' }));
    expect(await (await post(body, '', headers)).json()).toEqual(first);
  });

  it('is not spent on a submission that S3 refuses', async () => {
    const headers = { 'idempotency-key': 'later' };
    expect(
      (await post(from('file_path_lister', { s3_paths: ['s3://no/'] }), '', headers)).status,
    ).toBe(400);
    expect((await post(from('file_path_lister', {}), '', headers)).status).toBe(200);
  });
});
