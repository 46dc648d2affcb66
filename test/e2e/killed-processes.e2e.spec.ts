import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { freePort } from '#test/support/free-port.ts';
import { HoldingProxy } from '#test/support/holding-proxy.ts';
import { eventsOf, nextEvent } from '#test/support/log-reader.ts';
import { PlatformClient } from '#test/support/platform-client.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { sendSignal } from '#test/support/send-signal.ts';
import { until } from '#test/support/until.ts';

// Every case: one process dies with SIGKILL at its worst moment, and the job must end `succeeded`
// with exact counts, every item handled, and one `JobCompleted` in the log.

let platform: TestPlatform;
let nats: NatsConnection;

beforeAll(async () => {
  // Short leases only make the tests shorter: what a dead process held is offered again sooner.
  platform = await startPlatform({ env: { LEASE_MS: '1500', LEADER_TTL_MS: '1000' } });
  nats = await connect({ servers: platform.natsUrl });
});
afterAll(async () => {
  await nats.close();
  await platform.stop();
});

async function deployRecorder(name: string): Promise<Recording> {
  const recording = new Recording(join(platform.dataDir, `records-${name}`));
  await platform.deploy(recording.api(name));
  return recording;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `item ${n}`);

async function expectExactEnd(
  job: { readonly api: string; readonly jobId: string },
  batchCount: number,
): Promise<void> {
  const status = await platform.waitForJob(job);
  expect(status).toMatchObject({
    status: 'succeeded',
    total_batch_count: batchCount,
    batches_in_queue: 0,
    batch_metrics: { succeeded: batchCount },
    batch_counts: { enqueued: batchCount, succeeded: batchCount, remaining: 0, cancelled: 0 },
  });
  expect(await eventsOf(platform.natsUrl, job, 'JobCompleted')).toHaveLength(1);
}

function expectEveryItem(recording: Recording, items: readonly string[]): void {
  const handled = recording.batchCalls.flatMap(
    ({ body }) => JSON.parse(body.toString()) as string[],
  );
  expect(new Set(handled)).toEqual(new Set(items));
}

describe('a job ends succeeded with exact counts', () => {
  it('when a worker process is killed in the middle of a batch', async () => {
    const recording = await deployRecorder('worker-killed');
    recording.hold('hold-batches');
    const items = numbered(40);
    const { job_id: jobId } = await platform.submit('worker-killed', {
      workers: 2,
      item_list: { items, batch_size: 2 },
    });
    await until('both workers to hold a batch', () => recording.batchCalls.length >= 2);
    const [victim] = recording.liveHandlers;

    sendSignal(victim?.workerPid, 'SIGKILL');
    recording.letGo('hold-batches');

    await expectExactEnd({ api: 'worker-killed', jobId }, 20);
    expectEveryItem(recording, items);
  });

  it('when the enqueuer is killed in the middle of the list', async () => {
    const recording = await deployRecorder('enqueuer-killed');
    const items = numbered(12_000);
    const firstChunk = nextEvent(nats, 'BatchEnqueued');
    const { job_id: jobId } = await platform.submit('enqueuer-killed', {
      workers: 4,
      item_list: { items, batch_size: 1 },
    });
    await firstChunk;
    await platform.kill('enqueuer');

    const job = { api: 'enqueuer-killed', jobId };
    expect(await eventsOf(platform.natsUrl, job, 'EnqueuingCompleted')).toEqual([]);
    await platform.restart('enqueuer');

    await expectExactEnd(job, 12_000);
    expectEveryItem(recording, items);
    expect(recording.batchCalls).toHaveLength(12_000); // Nothing was enqueued twice.
  });

  it('when the status projector is killed in the middle of its fold', async () => {
    const recording = await deployRecorder('projector-killed');
    const items = numbered(4000);
    const firstOutcome = nextEvent(nats, 'BatchSucceeded');
    const { job_id: jobId } = await platform.submit('projector-killed', {
      workers: 4,
      item_list: { items, batch_size: 1 },
    });
    await firstOutcome;
    await platform.restart('status-projector');

    await expectExactEnd({ api: 'projector-killed', jobId }, 4000);
    expectEveryItem(recording, items);
  });

  it('when the scheduler is killed before the completion', async () => {
    const recording = await deployRecorder('scheduler-killed');
    recording.hold('hold-completion');
    const items = numbered(50);
    const { job_id: jobId } = await platform.submit('scheduler-killed', {
      workers: 2,
      item_list: { items, batch_size: 5 },
    });
    await until('the completion call', () => recording.completionCalls.length > 0);

    await platform.kill('scheduler');
    recording.letGo('hold-completion');
    await platform.restart('scheduler');

    await expectExactEnd({ api: 'scheduler-killed', jobId }, 10);
    expectEveryItem(recording, items);
  });

  it('when the scheduler is killed and a standby takes over in the middle of the batches', async () => {
    const recording = await deployRecorder('standby');
    recording.hold('hold-batches');
    platform.addInstance('scheduler', 'standby-scheduler');
    const items = numbered(30);
    const { job_id: jobId } = await platform.submit('standby', {
      workers: 2,
      item_list: { items, batch_size: 1 },
    });
    await until('a batch in the hands of a handler', () => recording.batchCalls.length > 0);

    await platform.kill('scheduler');
    recording.letGo('hold-batches');

    await expectExactEnd({ api: 'standby', jobId }, 30);
    expectEveryItem(recording, items);
    await platform.restart('scheduler');
    await platform.kill('standby-scheduler', 'SIGTERM');
  });

  it('when the gateway is killed after its append and before its answer', async () => {
    const recording = await deployRecorder('gateway-killed');
    const natsPort = Number(new URL(platform.natsUrl).port);
    const proxy = await HoldingProxy.start({ port: natsPort, trigger: 'JobSubmitted' });
    const port = await freePort();
    platform.addInstance('gateway', 'doomed-gateway', {
      NATS_URL: `nats://127.0.0.1:${proxy.port}`,
      PORT: String(port),
    });
    const doomed = new PlatformClient(`http://127.0.0.1:${port}`);
    await until('the doomed gateway', () => doomed.ask('/livez').catch(() => null));
    const submission = { workers: 1, item_list: { items: numbered(6), batch_size: 2 } };
    const headers = { 'idempotency-key': 'the same job' };

    const answer = doomed.submit('gateway-killed', submission, headers).then(
      () => 'answered',
      () => 'connection lost',
    );
    await proxy.held;
    await platform.kill('doomed-gateway');
    expect(await answer).toBe('connection lost');

    const { job_id: jobId } = await platform.submit('gateway-killed', submission, headers);
    await expectExactEnd({ api: 'gateway-killed', jobId }, 3);
    const { jobs } = await platform.askJson<{ jobs: unknown[] }>('/v1/jobs?api=gateway-killed');
    expect(jobs).toHaveLength(1);
    expectEveryItem(recording, numbered(6));
    await doomed.close();
    await proxy.stop();
  });

  it('when nats-server is killed in the middle of the batches', async () => {
    const recording = await deployRecorder('nats-killed');
    const items = numbered(3000);
    const firstOutcome = nextEvent(nats, 'BatchSucceeded');
    const { job_id: jobId } = await platform.submit('nats-killed', {
      workers: 4,
      item_list: { items, batch_size: 1 },
    });
    await firstOutcome;
    await platform.restartNats();

    await expectExactEnd({ api: 'nats-killed', jobId }, 3000);
    expectEveryItem(recording, items);
  });
});
