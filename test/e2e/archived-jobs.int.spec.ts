import { gunzipSync, gzipSync } from 'node:zlib';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { ArchivedEventStore } from '#libs/archive/archived-event-store.ts';
import { linesOf } from '#libs/audit/lines-of.ts';
import { type AuditVerdict, ExportVerifier } from '#libs/audit/verify-export.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
import { S3ArchiveStore } from '#libs/object-store/s3/s3-archive-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { startStatusProjector } from '#test/support/gateway-status-projector.ts';
import {
  A_JOB,
  aJobSubmitted,
  enqueuingCompleted,
  jobCompleted,
} from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { seal, writeHistory } from '#test/support/sealed-log.ts';
import { until } from '#test/support/until.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { createGateway } from '../../services/gateway/gateway.module.ts';
import { NatsStatusQueries } from '../../services/gateway/nats-status-queries.ts';
import { ArchiveJobs } from '../../services/scheduler/archive-jobs/archive-jobs.ts';

const API = apiName('sum');
const OTHER_JOB = jobId('00000000000000bb');
const RUNNING_JOB = jobId('00000000000000cc');

let server: TestNatsServer;
let aws: TestAwsServer;
let nats: NatsConnection;
let log: JetStreamEventStore;
let archives: S3ArchiveStore;
let store: ArchivedEventStore;
let stopProjector: () => Promise<void>;
let closeGateway: () => Promise<void>;
let url = '';

beforeEach(async () => {
  [server, aws] = await Promise.all([TestNatsServer.start(), TestAwsServer.start()]);
  await aws.createBucket('archive');
  nats = await connect({ servers: server.url });
  log = await JetStreamEventStore.open(nats, { logger: silentLogger });
  archives = new S3ArchiveStore(aws.s3);
  store = new ArchivedEventStore(log, { archives, logger: silentLogger, indexAgeMsMax: 0 });
  await writeJobs();
  stopProjector = await startStatusProjector(store, server.url);
  await startGateway();
});
afterEach(async () => {
  await closeGateway();
  await stopProjector();
  await log.close();
  await nats.close();
  await Promise.all([server.stop(), aws.stop()]);
});

/** Two jobs by turns, which end, and one that goes on. */
async function writeJobs(): Promise<void> {
  const write = (job: JobId, event: PlatformEvent): Promise<void> =>
    writeHistory(log, { apiName: API, jobId: job }, [{ event, at: new Date().toISOString() }]);
  await write(A_JOB, anApiDeployed({ apiName: API }));
  const jobs = [A_JOB, OTHER_JOB, RUNNING_JOB];
  for (const job of jobs) {
    await write(job, aJobSubmitted({ jobId: job, apiName: API, workers: 1 }));
    await write(job, workerStateChanged({ jobId: job, state: 'running' }));
  }
  for (let index = 0; index < 10; index++) {
    for (const job of jobs) await write(job, batchSucceeded({ jobId: job, index }));
    if (index === 5) await seal(log);
  }
  for (const job of [A_JOB, OTHER_JOB]) {
    await write(job, enqueuingCompleted({ jobId: job }));
    await write(job, workerStateChanged({ jobId: job, state: 'succeeded' }));
    await write(job, jobCompleted({ jobId: job }));
  }
  await seal(log);
}

async function startGateway(): Promise<void> {
  const client = new NatsRequestClient(server.url);
  const letters = new InMemoryBatchQueue({ leaseMs: 60_000 });
  const app = await createGateway({
    config: { publicUrl: 'https://batch.example.com', compute: 'local', isReadOnly: false },
    store,
    blobs: new InMemoryBlobStore(),
    queries: new NatsStatusQueries(client, nats),
    queue: {
      urlOf: () => 'nats://queue/batches',
      checkDeadLetterQueue: async () => {},
      readDeadLetters: (...args) => letters.readDeadLetters(...args),
      removeDeadLetters: (...args) => letters.removeDeadLetters(...args),
    },
    inputFiles: new InMemoryInputFiles(),
    clock: systemClock,
    logger: silentLogger,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.getHttpServer().address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  closeGateway = async () => {
    await app.close();
    await client.close();
  };
}

/** Everything that is said of the jobs, also as of every position up to the end, and a time. */
async function readings(): Promise<readonly string[]> {
  const jobs = [A_JOB, OTHER_JOB, RUNNING_JOB].map((job) => `/v1/jobs/${job}`);
  const ats = Array.from({ length: 45 }, (_, n) => `?at=${n + 1}`);
  const paths = jobs.flatMap((job) => [
    job,
    `${job}/workers`,
    `${job}/batches`,
    `${job}/events?limit=1000`,
    `${job}/events?limit=3&after=12`,
    `${job}/workers?at=20`,
    `${job}/batches?at=20`,
    ...ats.filter((_, place) => place % 4 === 0).map((at) => `${job}${at}`),
  ]);
  const lists = [
    '/v1/jobs',
    ...ats.filter((_, place) => place % 11 === 0).map((at) => `/v1/jobs${at}`),
  ];
  const texts: string[] = [];
  for (const path of [...paths, ...lists]) {
    const answer = await fetch(`${url}${path}`);
    texts.push(`${path}: ${answer.status} ${await answer.text()}`);
  }
  return texts;
}

const messageCount = async (): Promise<number> =>
  (await (await jetstreamManager(nats)).streams.info('CORTEX_EVENTS')).state.messages;

/** Lets the leading scheduler archive what is due. */
async function archiveJobs(): Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const deps = {
    store,
    snapshots: new ViewSnapshots(new InMemoryBlobStore(), silentLogger),
    documents: new InMemoryDocumentStore(),
    logger: silentLogger,
  };
  const follower = await ViewFollower.open(deps);
  const following = follower.run(signal);
  await follower.caughtUp();
  const rule = { url: 's3://archive/cortex', afterMs: 0, lookMs: 20, leaveAfterMs: 0 };
  const archiving = new ArchiveJobs(
    follower,
    { store, archives, clock: systemClock, logger: silentLogger, rule },
    signal,
  ).run();
  await until('the jobs to leave the log', async () => (await eventsLeft()) === 0);
  stopping.abort();
  await Promise.all([following, archiving]);
}

async function eventsLeft(): Promise<number> {
  let count = 0;
  for (const job of [A_JOB, OTHER_JOB]) {
    for await (const _ of log.storedHistory({ apiName: API, jobId: job })) count += 1;
  }
  return count;
}

async function verdictOf(query = ''): Promise<AuditVerdict> {
  const { body } = await fetch(`${url}/v1/audit/export${query}`);
  if (body === null) throw new Error('no export');
  const verifier = new ExportVerifier();
  for await (const line of linesOf(body)) verifier.take(line);
  return verifier.finish();
}

async function archiveKey(job: JobId): Promise<string> {
  const listed = await aws.s3.send(new ListObjectsV2Command({ Bucket: 'archive' }));
  return listed.Contents?.find(({ Key = '' }) => Key.includes(job))?.Key ?? '';
}

describe('jobs that have left the log', () => {
  it('are read byte for byte as before, also by a projector that begins anew', async () => {
    const before = await readings();
    expect(before.filter((text) => !/^\S+ 200 /.test(text)).length).toBeLessThan(20);
    const countBefore = await messageCount();
    await archiveJobs();
    expect(await messageCount()).toBe(countBefore - 30 + 2);
    expect(await readings()).toEqual(before);
    await stopProjector();
    stopProjector = await startStatusProjector(store, server.url);
    expect(await readings()).toEqual(before);
  });

  it('are in exports, which are verified', async () => {
    const scopes = ['', `?job=${A_JOB}`, '?api=sum'];
    const before = [];
    for (const scope of scopes) before.push(await verdictOf(scope));
    await archiveJobs();
    for (const [place, scope] of scopes.entries()) {
      const { problems, eventCount, checkpointCount, newest } = await verdictOf(scope);
      expect(problems).toEqual([]);
      expect({ checkpointCount, newest }).toEqual({
        checkpointCount: before[place]?.checkpointCount,
        newest: before[place]?.newest,
      });
      const saidCount = scope.startsWith('?job') ? 0 : 2;
      expect(eventCount).toBe((before[place]?.eventCount ?? 0) + saidCount);
    }
  });

  it('are found to be changed by a byte in their archive', async () => {
    await archiveJobs();
    const key = await archiveKey(A_JOB);
    const text = gunzipSync(await bytesOf(key)).toString();
    await aws.put(`s3://archive/${key}`, gzipSync(text.replace('"index":3', '"index":4')));
    const { problems } = await verdictOf();
    expect(problems).toContainEqual(
      expect.objectContaining({
        positions: '17',
        eventId: expect.stringContaining('BatchSucceeded'),
        message: expect.stringMatching(
          /^job \w+: archive s3:.* not what it was when it was archived/,
        ),
      }),
    );
    expect(problems).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('an event was changed') }),
    );
  });

  it('are missed by name when their archive is gone', async () => {
    await archiveJobs();
    const key = await archiveKey(A_JOB);
    await aws.s3.send(new DeleteObjectCommand({ Bucket: 'archive', Key: key }));
    const message = `job ${A_JOB}: archive s3://archive/${key} is missing`;
    expect((await verdictOf()).problems[0]).toMatchObject({ message });
    for (const path of [`/v1/jobs/${A_JOB}/events`, `/v1/jobs/${A_JOB}?at=12`]) {
      const answer = await fetch(`${url}${path}`);
      expect({ status: answer.status, text: await answer.text() }).toEqual({
        status: 503,
        text: expect.stringContaining(message),
      });
    }
    expect((await fetch(`${url}/v1/jobs/${A_JOB}`)).status).toBe(200);
    expect((await fetch(`${url}/v1/jobs/${OTHER_JOB}/events`)).status).toBe(200);
  });
});

async function bytesOf(key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archives.read(`s3://archive/${key}`)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
