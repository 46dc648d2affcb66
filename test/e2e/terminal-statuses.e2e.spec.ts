import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { join } from 'node:path';
import { QUEUE_STREAM, queueConsumer } from '#libs/batch-queue/jetstream/queue-names.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { eventsOf } from '#test/support/log-reader.ts';
import { untilNothingIsLeft } from '#test/support/leftovers.ts';
import type { JobStatus } from '#test/support/platform-client.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { until } from '#test/support/until.ts';

// The rows of docs/guides/job-status.md, on local processes.

/** Twice as long as it takes to notice that a queue is gone. */
const LOST_QUEUE_MS_MAX = 45_000;
/** Three starts of a worker with pauses between them, on a busy machine. */
const FAILED_STARTS_MS_MAX = 30_000;

let platform: TestPlatform;
let aws: TestAwsServer;

beforeAll(async () => {
  aws = await TestAwsServer.start();
  await aws.createBucket('data');
  platform = await startPlatform({
    env: { ...aws.env, STOP_GRACE_MS: '300', LOCAL_WORKERS_MAX: '4' },
  });
});
afterAll(async () => {
  await platform.stop();
  await aws.stop();
});

let jobs: { readonly api: string; readonly jobId: string }[] = [];

afterEach(async () => {
  const ended = jobs;
  jobs = [];
  for (const job of ended) {
    await untilNothingIsLeft(job, platform);
    expect(await eventsOf(platform.natsUrl, job, 'JobCompleted')).toHaveLength(1);
  }
  await until('the workers to leave', () => platform.workerPids().length === 0);
});

const items = (...values: readonly unknown[]) => ({ item_list: { items: values, batch_size: 1 } });

async function submit(api: string, submission: object): Promise<{ api: string; jobId: string }> {
  const { job_id: id } = await platform.submit(api, { workers: 2, ...submission });
  const job = { api, jobId: id };
  jobs.push(job);
  return job;
}

async function submitRecorded(api: string, submission: object) {
  const recording = new Recording(join(platform.dataDir, `records-${api}`));
  await platform.deploy(recording.api(api));
  const job = await submit(api, submission);
  return { job, recording };
}

async function submitHeld(api: string, submission: object) {
  const recording = new Recording(join(platform.dataDir, `records-${api}`));
  recording.hold('hold-batches');
  await platform.deploy(recording.api(api));
  const job = await submit(api, submission);
  await until('a batch in the hands of a handler', () => recording.batchCalls.length > 0);
  return { job, recording };
}

/** A job whose handler is a command. */
async function submitCommand(
  api: string,
  container: Readonly<Record<string, unknown>>,
): Promise<{ api: string; jobId: string }> {
  const containers = [{ name: 'api', image: 'none', ...container }];
  await platform.deploy({ name: api, kind: 'BatchAPI', pod: { containers } });
  return submit(api, items(1, 2));
}

const node = (script: string) => ({ command: [process.execPath, '-e', script] });
const ended = (job: { api: string; jobId: string }, msMax?: number): Promise<JobStatus> =>
  platform.waitForJob(job, undefined, msMax);
const said = (text: string) => ({ message: expect.stringContaining(text) });

describe('a job ends', () => {
  it('succeeded when every batch succeeded', async () => {
    const { job, recording } = await submitRecorded('good', items('a', 'b', 'c'));

    expect(await ended(job)).toMatchObject({
      status: 'succeeded',
      batch_counts: { enqueued: 3, succeeded: 3 },
    });
    expect(recording.completionCalls).toHaveLength(1);
  });

  it('completed_with_failures when a batch failed', async () => {
    const { job, recording } = await submitRecorded('mixed', items('a', 'fail', 'c'));

    expect(await ended(job)).toMatchObject({
      status: 'completed_with_failures',
      batch_counts: { enqueued: 3, succeeded: 2, failed: 1 },
    });
    expect(recording.completionCalls).toHaveLength(1);
  });

  it('enqueue_failed when its input cannot be split into batches', async () => {
    await aws.put('s3://data/rows.ndjson', '{"a":1}\n{"b":\n');
    const { job, recording } = await submitRecorded('malformed', {
      delimited_files: { s3_paths: ['s3://data/rows.ndjson'], batch_size: 1 },
    });

    expect(await ended(job)).toMatchObject({
      status: 'enqueue_failed',
      reason: said('rows.ndjson'),
    });
    expect(recording.completionCalls).toEqual([]);
  });

  it('worker_error when its handlers crash at every batch', async () => {
    const job = await submitCommand(
      'crashing',
      node(`require('node:http')
        .createServer(() => { console.log('cannot go on'); process.exit(3); })
        .listen(process.env.CORTEX_PORT, '127.0.0.1')`),
    );

    const status = await ended(job, 60_000);

    expect(status).toMatchObject({
      status: 'worker_error',
      reason: { kind: 'worker.container_exited', ...said('exited with code 3') },
    });
    expect(status['reason']).toMatchObject(said('cannot go on')); // Its last output.
  });

  it('worker_error when the command cannot be started', async () => {
    const job = await submitCommand('no-command', { command: ['/no/such/program'] });

    expect(await ended(job, FAILED_STARTS_MS_MAX)).toMatchObject({
      status: 'worker_error',
      reason: { kind: 'worker.container_not_started', ...said('/no/such/program') },
    });
  });

  it('worker_error when the handler crashes at its import', async () => {
    const job = await submitCommand('no-import', node("require('no-such-module')"));

    expect(await ended(job, FAILED_STARTS_MS_MAX)).toMatchObject({
      status: 'worker_error',
      reason: { kind: 'worker.container_exited', ...said("Cannot find module 'no-such-module'") },
    });
  });

  it('worker_error when no handler stays alive by its liveness probe', async () => {
    const job = await submitCommand('not-alive', {
      ...node('setInterval(() => {}, 1000)'),
      liveness_probe: { tcp_socket: { port: 8080 }, period_seconds: 1, failure_threshold: 1 },
    });

    expect(await ended(job, FAILED_STARTS_MS_MAX)).toMatchObject({
      status: 'worker_error',
      reason: { kind: 'worker.liveness_failed', ...said('liveness probe failed') },
    });
  });

  it('worker_oom when handlers use more memory than compute.mem', async () => {
    const job = await submitCommand('hungry', {
      ...node(`const kept = [];
        setInterval(() => kept.push(Buffer.alloc(16 * 2 ** 20, 1)), 10);`),
      compute: { mem: '200Mi' },
    });

    expect(await ended(job, FAILED_STARTS_MS_MAX)).toMatchObject({
      status: 'worker_oom',
      reason: { kind: 'worker.oom', ...said('more than its limit of 200Mi (compute.mem)') },
    });
  });

  it('timed_out when its time is over', async () => {
    const { job, recording } = await submitHeld('slow', { ...items('a', 'b', 'c'), timeout: 3 });

    expect(await ended(job)).toMatchObject({
      status: 'timed_out',
      reason: { kind: 'job.timed_out' },
      batch_counts: { enqueued: 3, cancelled: 3 },
    });
    await untilNothingIsLeft(job, platform);
    expect(recording.batchCalls).toHaveLength(2);
    expect(recording.completionCalls).toEqual([]);
  });

  it('stopped when somebody stops it', async () => {
    const { job, recording } = await submitHeld('unwanted', items('a', 'b', 'c'));

    await platform.stopJob(job.api, job.jobId);

    expect(await ended(job)).toMatchObject({
      status: 'stopped',
      batch_counts: { enqueued: 3, cancelled: 3 },
    });
    await untilNothingIsLeft(job, platform);
    expect(recording.batchCalls.length).toBeLessThanOrEqual(2);
    expect(recording.completionCalls).toEqual([]);
  });

  it('stopped when its API is deleted', async () => {
    const { job } = await submitHeld('deleted', items('a', 'b', 'c'));

    await platform.askJson('/v1/apis/deleted', { method: 'DELETE' });

    const status = await until('the job to end', async () => {
      const path = `/v1/jobs/${job.jobId}`;
      const { job_status: read } = await platform.askJson<{ job_status: JobStatus }>(path);
      return read.status === 'stopped' && read;
    });
    expect(status['reason']).toMatchObject({ kind: expect.stringContaining('deleted') });
  });

  it('unexpected_error when its queue is lost', async () => {
    const { job } = await submitHeld('lost', items('a', 'b', 'c'));
    const nats = await connect({ servers: platform.natsUrl });
    const key = { apiName: apiName(job.api), jobId: jobId(job.jobId) };
    const manager = await jetstreamManager(nats);
    await manager.consumers.delete(QUEUE_STREAM, queueConsumer(key));
    await nats.close();

    expect(await ended(job, LOST_QUEUE_MS_MAX)).toMatchObject({
      status: 'unexpected_error',
      reason: { kind: 'queue.lost' },
    });
  });
});
