import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { eventsOf } from '#test/support/log-reader.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

const ARN = 'arn:aws:sqs:us-east-1:000000000000:failed';

let platform: TestPlatform;
let nats: NatsConnection;

beforeAll(async () => {
  // Only to make the tests shorter: what a dead worker held is offered again sooner, a lost queue is
  // noticed sooner.
  platform = await startPlatform({ env: { LEASE_MS: '1500', QUEUE_LOOK_MS: '1000' } });
  nats = await connect({ servers: platform.natsUrl });
});
afterAll(async () => {
  await nats.close();
  await platform.stop();
});

interface Listed {
  readonly dead_letters: readonly Readonly<Record<string, unknown>>[];
}

const listDeadLetters = (jobId: string): Promise<Listed> =>
  platform.askJson<Listed>(`/v1/jobs/${jobId}/dead-letters?payload=true`);

async function submit(api: string, items: readonly string[], changes: object = {}) {
  const recording = new Recording(join(platform.dataDir, `records-${api}`));
  await platform.deploy(recording.api(api));
  const { job_id: jobId } = await platform.submit(api, {
    workers: 1,
    item_list: { items, batch_size: 1 },
    sqs_dead_letter_queue: { arn: ARN, max_receive_count: 2 },
    ...changes,
  });
  const attemptsOf = (item: string): number =>
    recording.batchCalls.filter(({ body }) => body.toString() === JSON.stringify([item])).length;
  return { api, jobId, recording, attemptsOf };
}

const counts = (expected: Readonly<Record<string, number>>) => ({
  status: 'completed_with_failures',
  batches_in_queue: 0,
  batch_counts: { failed: 0, cancelled: 0, remaining: 0, ...expected },
});

describe('a job with a dead-letter queue', () => {
  it('ends though a batch kills its worker on every attempt', async () => {
    const letters = nats.subscribe('cortex.dead-letters.failed.>');
    const job = await submit('poison', ['a', 'kill-worker', 'b', 'c']);

    const status = await platform.waitForJob(job);

    expect(status).toMatchObject(counts({ enqueued: 4, succeeded: 3, dead_lettered: 1 }));
    expect(job.attemptsOf('kill-worker')).toBe(2);
    const reason = { kind: 'worker.lost_batch', message: expect.stringContaining('2 times') };
    expect((await listDeadLetters(job.jobId)).dead_letters).toEqual([
      {
        batch_id: `${job.jobId}-1`,
        index: 1,
        attempt: 2,
        reason,
        item_count: 1,
        size_bytes: 15,
        payload: ['kill-worker'],
      },
    ]);
    expect(await eventsOf(platform.natsUrl, job, 'BatchDeadLettered')).toHaveLength(1);
    for await (const message of letters) {
      expect(message.subject).toBe(`cortex.dead-letters.failed.${job.jobId}.1`);
      expect(message.string()).toBe('["kill-worker"]');
      break;
    }
  });

  it('handles a failing batch exactly as often as it says, and submits it again on request', async () => {
    const job = await submit('failing', ['a', 'fail', 'b', 'fail-first']);

    const status = await platform.waitForJob(job);

    expect(status).toMatchObject(counts({ enqueued: 4, succeeded: 3, dead_lettered: 1 }));
    expect(status.batch_metrics).toMatchObject({ succeeded: 3, failed: 3 });
    expect([job.attemptsOf('fail'), job.attemptsOf('fail-first')]).toEqual([2, 2]);
    expect((await listDeadLetters(job.jobId)).dead_letters).toMatchObject([
      {
        index: 1,
        attempt: 2,
        payload: ['fail'],
        reason: { kind: 'dequeuer.user_container_response_status_code' },
      },
    ]);

    const redriven = await platform.askJson<Readonly<Record<string, unknown>>>(
      `/v1/jobs/${job.jobId}/redrive`,
      { method: 'POST' },
    );
    const jobId = String(redriven['job_id']);
    expect(redriven).toMatchObject({ parent_job_id: job.jobId, redriven_batch_count: 1 });
    expect((await listDeadLetters(job.jobId)).dead_letters).toEqual([]);
    const again = await platform.waitForJob({ api: job.api, jobId });
    expect(again).toMatchObject(counts({ enqueued: 1, dead_lettered: 1 }));
    expect(job.attemptsOf('fail')).toBe(4);
    expect((await listDeadLetters(jobId)).dead_letters).toMatchObject([{ payload: ['fail'] }]);
  });

  it('keeps exact counts when several batches kill several workers', async () => {
    const items = ['a', 'kill-worker', 'b', 'c', 'kill-worker', 'd', 'e'];
    const job = await submit('poisons', items, { workers: 2 });
    expect(await platform.waitForJob(job)).toMatchObject(
      counts({ enqueued: 7, succeeded: 5, dead_lettered: 2 }),
    );
    const letters = (await listDeadLetters(job.jobId)).dead_letters;
    expect(letters.map(({ index }) => index)).toEqual([1, 4]);
  });
});

describe('a job without a dead-letter queue', () => {
  it('fails a batch at once', async () => {
    const job = await submit('at-once', ['a', 'fail'], { sqs_dead_letter_queue: null });
    expect(await platform.waitForJob(job)).toMatchObject(
      counts({ enqueued: 2, succeeded: 1, failed: 1, dead_lettered: 0 }),
    );
    expect(job.attemptsOf('fail')).toBe(1);
    expect((await listDeadLetters(job.jobId)).dead_letters).toEqual([]);
  });
});

describe('a job whose queue is deleted while it runs', () => {
  it('ends with an unexpected error that names the queue', async () => {
    const api = 'lost-queue';
    const recording = new Recording(join(platform.dataDir, `records-${api}`));
    await platform.deploy(recording.api(api));
    recording.hold('hold-batches');
    const { job_id: jobId } = await platform.submit(api, {
      workers: 1,
      item_list: { items: ['a', 'b'], batch_size: 1 },
    });
    await until('a batch to be handled', () => recording.batchCalls.length === 1);

    const manager = await jetstreamManager(nats);
    await manager.consumers.delete('CORTEX_QUEUE', `${api}_${jobId}`);
    recording.letGo('hold-batches');

    const status = await platform.waitForJob({ api, jobId });
    expect(status).toMatchObject({
      status: 'unexpected_error',
      reason: { kind: 'queue.lost', message: expect.stringContaining(jobId) },
    });
  });
});
