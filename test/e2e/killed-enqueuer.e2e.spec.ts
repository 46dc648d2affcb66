import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JetStreamBatchQueue } from '#libs/batch-queue/jetstream/jetstream-batch-queue.ts';
import type { JobSource, JobSubmitted } from '#libs/domain/job/job.events.ts';
import { jobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EMPTY_LANE } from '#libs/event-store/event-store.port.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats, type NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import { aJobSubmitted } from '#test/support/job.builders.ts';
import { nextEvent } from '#test/support/log-reader.ts';
import { assertBuilt } from '#test/support/assert-built.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { generatedKeys } from '#test/support/s3-listing.ts';
import { NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';
import { S3TestServer } from '#test/support/s3-server.ts';
import { TestProcess } from '#test/support/test-process.ts';
import { until } from '#test/support/until.ts';
import { serviceSpec } from '../../services/standalone/service-process.ts';

const servicesDir = join(import.meta.dirname, '../../dist/services');
/** Five jobs are under way at a kill, each at a point of its own. */
const ROUNDS = 10;
const SEEDS_PER_ROUND = 5;
const KILLS_PER_ROUND = 2;
const LEASE_MS = 1000;
const ITEM_COUNT = 10_000;
const ROUND_MS_MAX = 180_000;
/** Of a job, on a machine that does much else. */
const ENQUEUED_MS_MAX = 120_000;

/** The same numbers from the same seed, from 0 up to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A job and its items. Odd seeds list files, even ones read their lines. */
interface SeededJob {
  readonly seed: number;
  readonly submitted: JobSubmitted['data'];
  readonly items: readonly string[];
}

function seededJob(seed: number, s3: S3TestServer): SeededJob {
  const next = random(seed);
  const bucket = `seed-${seed}`;
  const batchSizeItems = 2 + Math.floor(next() * 5);
  const selection = { s3Paths: [`s3://${bucket}/`], includes: [], excludes: [], batchSizeItems };
  const isOfLines = seed % 2 === 0;
  const items = isOfLines ? putLines(s3, bucket, next) : putPaths(s3, bucket);
  const source: JobSource = isOfLines
    ? { kind: 'delimited_files', ...selection, onError: 'fail' }
    : { kind: 'file_path_lister', ...selection };
  const id = jobId(seed.toString(16).padStart(16, '0'));
  return { seed, submitted: aJobSubmitted({ jobId: id, source }).data, items };
}

const pathKeyAt = (index: number): string => `f/${String(index).padStart(7, '0')}`;

function putPaths(s3: S3TestServer, bucket: string): readonly string[] {
  s3.putListing(bucket, { count: ITEM_COUNT, keyAt: pathKeyAt });
  return Array.from({ length: ITEM_COUNT }, (_, n) =>
    JSON.stringify(`s3://${bucket}/${pathKeyAt(n)}`),
  );
}

const fileKeyAt = (file: number): string => (file === 3 ? `${file}.json.gz` : `${file}.json`);

/** Six files of any number of lines, so that batches span files; one is gzipped. */
function putLines(s3: S3TestServer, bucket: string, next: () => number): readonly string[] {
  const items = Array.from(
    { length: ITEM_COUNT },
    (_, n) => `{"n":${n},"x":"${'é'.repeat(n % 9)}"}`,
  );
  const ends = [...Array.from({ length: 5 }, () => Math.floor(next() * ITEM_COUNT)), ITEM_COUNT];
  ends.sort((a, b) => a - b);
  const bytes = ends.map((end, file) => {
    const text = Buffer.from(
      items
        .slice(ends[file - 1] ?? 0, end)
        .map((item) => `${item}\n`)
        .join(''),
    );
    return file === 3 ? gzipSync(text) : text;
  });
  s3.putListing(bucket, {
    ...generatedKeys(bytes.map((_, file) => fileKeyAt(file))),
    sizeBytesAt: (file) => bytes[file]?.length ?? 0,
  });
  for (const [file, content] of bytes.entries())
    s3.putObject(bucket, fileKeyAt(file), {
      sizeBytes: content.length,
      bytes: (offsetBytes) => [content.subarray(offsetBytes)],
    });
  return items;
}

const expected = ({ submitted, items }: SeededJob): string[] => {
  const { batchSizeItems } = submitted.source;
  const count = Math.ceil(items.length / batchSizeItems);
  return Array.from({ length: count }, (_, index) => {
    const of = items.slice(index * batchSizeItems, (index + 1) * batchSizeItems);
    return `${index} [${of.join(',')}]`;
  });
};

describe('an enqueuer that is killed at any moment', () => {
  let nats: TestNatsServer;
  let s3: S3TestServer;
  let connection: NatsConnection;
  let store: JetStreamEventStore;
  let queue: JetStreamBatchQueue;
  let dataDir: string;
  let enqueuer: TestProcess;
  let interruptedCount = 0;

  beforeAll(async () => {
    assertBuilt();
    nats = await TestNatsServer.start();
    s3 = await S3TestServer.start();
    connection = await connectNats(nats.url, { name: 'test', logger: silentLogger });
    store = await JetStreamEventStore.open(connection, { logger: silentLogger });
    queue = await JetStreamBatchQueue.open(connection, { leaseMs: 60_000, logger: silentLogger });
    dataDir = await mkdtemp(join(tmpdir(), 'cortex-killed-'));
    const env = {
      ...process.env,
      ...s3.env,
      NATS_URL: nats.url,
      LEASE_MS: String(LEASE_MS),
      ENQUEUE_JOBS_MAX: String(SEEDS_PER_ROUND),
    };
    const logFile = join(dataDir, 'enqueuer.log');
    enqueuer = new TestProcess(serviceSpec('enqueuer', { servicesDir, env, logFile }));
    enqueuer.start();
  });
  afterAll(async () => {
    await enqueuer.stop();
    await connection.close();
    await s3.stop();
    await nats.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const submit = async ({ submitted }: SeededJob): Promise<void> => {
    const event = aJobSubmitted(submitted);
    const { jobId: id, apiName } = submitted;
    const fact = { id: eventId(event), at: '2026-11-23T10:00:00.000Z', event };
    await store.append({ kind: 'job', apiName, jobId: id }, fact, EMPTY_LANE);
  };
  const endOf = async ({
    submitted: { jobId: id, apiName },
  }: SeededJob): Promise<LoggedEvent | null> => {
    const { events } = await store.read({ kind: 'job', apiName, jobId: id });
    return events.find(({ event }) => event.type !== 'JobSubmitted') ?? null;
  };
  const untilAllEnded = (jobs: readonly SeededJob[]): Promise<true> =>
    until('all to be enqueued', async () => !(await Promise.all(jobs.map(endOf))).includes(null));
  const queued = async ({ submitted }: SeededJob, countMax: number): Promise<string[]> => {
    await queue.create(submitted, NO_DEAD_LETTERS); // With a lease that lasts until all is read.
    const receiver = await queue.receiver(submitted);
    const found: string[] = [];
    for (;;) {
      // At least one message more than there may be, so that a batch that is there twice is seen.
      const batches = await receiver.receive(500, found.length < countMax ? 5000 : 100);
      if (batches.length === 0) break;
      for (const { index, payload } of batches)
        found.push(`${index} ${Buffer.from(payload).toString()}`);
    }
    await receiver.close();
    await queue.delete(submitted);
    return found.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  };

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round * SEEDS_PER_ROUND);
  it.each(rounds)(
    'queues every batch once, seeds from %i on',
    async (firstSeed) => {
      const seeds = Array.from({ length: SEEDS_PER_ROUND }, (_, n) => firstSeed + n);
      const jobs = seeds.map((seed) => seededJob(seed, s3));
      const next = random(firstSeed + 1_000_000);
      const enqueued = nextEvent(connection, 'BatchEnqueued');
      await connection.flush();
      for (const job of jobs) await submit(job);
      await enqueued;
      for (let kill = 0; kill < KILLS_PER_ROUND; kill++) {
        await new Promise((resolve) => setTimeout(resolve, next() * 400));
        await enqueuer.kill('SIGKILL');
        for (const job of jobs) if ((await endOf(job)) === null) interruptedCount += 1;
        const recorded = nextEvent(connection, 'BatchEnqueued');
        enqueuer.start();
        if (kill + 1 < KILLS_PER_ROUND) await Promise.race([recorded, untilAllEnded(jobs)]);
      }
      for (const job of jobs) {
        const what = `seed ${job.seed}`;
        const end = await until(`${what} to be enqueued`, () => endOf(job), ENQUEUED_MS_MAX);
        const batches = expected(job);
        const found = await queued(job, batches.length);
        expect({ what, end: end.event, found }).toEqual({
          what,
          end: {
            type: 'EnqueuingCompleted',
            data: {
              jobId: job.submitted.jobId,
              totalBatchCount: batches.length,
              totalItemCount: ITEM_COUNT,
              skippedLineCount: 0,
            },
          },
          found: batches,
        });
      }
    },
    ROUND_MS_MAX,
  );

  it('was interrupted by most of these kills', () => {
    expect(interruptedCount).toBeGreaterThan((ROUNDS * SEEDS_PER_ROUND) / 2);
  });
});
