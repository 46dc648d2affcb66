import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobSource } from '#libs/domain/job/job.events.ts';
import { encodeEvent } from '#libs/event-store/codec/event-codec.ts';
import { aSubmission } from '#test/support/gateway.ts';
import { type S3Gateway, startS3Gateway } from '#test/support/s3-gateway.ts';
import { generatedKeys } from '#test/support/s3-listing.ts';
import { jobDocument } from '../openapi/documents.schema.ts';

/** What a NATS message holds unless its server is told otherwise, with its headers. */
const MESSAGE_BYTES_MAX = 1_048_576;
/** Ids, times and trace of an event, generously. */
const HEADER_BYTES_MAX = 4096;

let platform: S3Gateway;
beforeAll(async () => {
  platform = await startS3Gateway();
  platform.s3.putListing('photos', generatedKeys(['a.png', 'b.jpg']));
  platform.s3.putListing('huge', { count: 10_000_000, keyAt: (n) => String(n).padStart(8, '0') });
});
afterEach(() => platform.proxy.spoil(() => null));
afterAll(() => platform.stop());

const post = (source: object, changes: object = {}) =>
  platform.gateway.request('POST', '/sum', {
    body: aSubmission({ item_list: undefined, ...source, ...changes }),
  });

/** The job's first event, after its answer was checked. */
async function submitted(response: Response) {
  expect(response.status).toBe(200);
  const { job_id: id } = jobDocument.strict().parse(await response.json());
  const [event] = await platform.gateway.eventsOf('sum', id);
  if (event?.type !== 'JobSubmitted') throw new Error('the job has no JobSubmitted');
  return event;
}

describe('POST <endpoint> with S3 as the source', () => {
  it.each<[string, object, JobSource]>([
    [
      'file_path_lister with every field',
      {
        file_path_lister: {
          s3_paths: ['s3://photos/', 's3://photos'],
          includes: ['**.png', '**.jpg'],
          excludes: ['**b*'],
          batch_size: 4,
        },
      },
      {
        kind: 'file_path_lister',
        s3Paths: ['s3://photos/', 's3://photos'],
        includes: ['**.png', '**.jpg'],
        excludes: ['**b*'],
        batchSizeItems: 4,
      },
    ],
    [
      'file_path_lister with the required fields',
      { file_path_lister: { s3_paths: ['s3://photos/a'], batch_size: 1, includes: null } },
      {
        kind: 'file_path_lister',
        s3Paths: ['s3://photos/a'],
        includes: [],
        excludes: [],
        batchSizeItems: 1,
      },
    ],
    [
      'delimited_files with the required fields',
      { delimited_files: { s3_paths: ['s3://photos'], batch_size: 1000 } },
      {
        kind: 'delimited_files',
        s3Paths: ['s3://photos'],
        includes: [],
        excludes: [],
        batchSizeItems: 1000,
        onError: 'fail',
      },
    ],
    [
      'delimited_files that leaves out bad lines',
      {
        delimited_files: {
          s3_paths: ['s3://photos'],
          excludes: ['**.jpg'],
          batch_size: 1,
          on_error: 'skip',
        },
      },
      {
        kind: 'delimited_files',
        s3Paths: ['s3://photos'],
        includes: [],
        excludes: ['**.jpg'],
        batchSizeItems: 1,
        onError: 'skip',
      },
    ],
  ])('records %s', async (_case, source, recorded) => {
    const { data } = await submitted(await post(source, { config: { a: 1 }, timeout: 9 }));
    expect(data).toMatchObject({ workers: 1, timeoutMs: 9000, config: { text: '{"a":1}' } });
    expect(data.source).toEqual(recorded);
    expect(data.parentJobId).toBeNull();
    expect(platform.gateway.blobs.keys.size).toBe(0);
  });

  it('asks about every bucket, as far as its path allows', async () => {
    platform.s3.requests.length = 0;
    const s3_paths = ['s3://photos/a', 's3://photos/b', 's3://huge/0', 's3://huge/1'];
    await submitted(await post({ file_path_lister: { s3_paths, batch_size: 1 } }));
    const asked = platform.s3.requests.map((request) =>
      /\/(\w+).*prefix=(\w+)/.exec(request)?.slice(1),
    );
    expect(asked).toContainEqual(['photos', 'a']);
    expect(asked).toContainEqual(['huge', '0']);
  });

  it('accepts after 5 s of looking for a file that matches', async () => {
    const startedAt = performance.now();
    const source = { s3_paths: ['s3://huge/'], includes: ['**.png'], batch_size: 1 };
    await submitted(await post({ file_path_lister: source }));
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(4900);
    expect(tookMs).toBeLessThan(15_000); // All of them would take minutes.
  });

  it('records the largest selection and config in one message', async () => {
    const s3Paths = Array.from({ length: 3_800 }, (_, n) => `s3://photos/${n}`.padEnd(100, '"'));
    const paths = ['s3://photos/', ...s3Paths.slice(0, 2_080)];
    const config = { x: '"'.repeat(131_060) };
    const event = await submitted(
      await post({ delimited_files: { s3_paths: paths, batch_size: 1 } }, { config }),
    );
    const sizeBytes = encodeEvent(event).payload.length;
    expect(sizeBytes).toBeGreaterThan(620_000);
    expect(sizeBytes + HEADER_BYTES_MAX).toBeLessThan(MESSAGE_BYTES_MAX);
  });
});
