import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { untilNothingIsLeft } from '#test/support/leftovers.ts';
import { eventsOf } from '#test/support/log-reader.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

// A worker's supervisor keeps its batch's lease, not its handler: what blocks the handler is no
// death, what stops the supervisor is one as far as others can see.

const LEASE_MS = 1500;
const THREE_LEASES_MS = 3 * LEASE_MS;

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({ env: { LEASE_MS: String(LEASE_MS), STOP_GRACE_MS: '500' } });
});
afterAll(() => platform.stop());

interface Job {
  readonly api: string;
  readonly jobId: string;
}

/** A job of one batch for two workers, so that one is there to take what the other loses. */
async function submitOne(api: string, item: string) {
  const recording = new Recording(join(platform.dataDir, `records-${api}`));
  await platform.deploy(recording.api(api, { env: { SPIN_MS: String(THREE_LEASES_MS) } }));
  const start = async (): Promise<Job> => {
    const { job_id: jobId } = await platform.submit(api, {
      workers: 2,
      item_list: { items: [item], batch_size: 1 },
    });
    await until('both handlers and the call', () => {
      return recording.batchCalls.length === 1 && platform.workerPids().length === 2;
    });
    return { api, jobId };
  };
  return { recording, start };
}

async function expectOneSuccess(job: Job): Promise<void> {
  expect(await platform.waitForJob(job)).toMatchObject({
    status: 'succeeded',
    total_batch_count: 1,
    batch_metrics: { succeeded: 1, failed: 0 },
    batch_counts: { enqueued: 1, succeeded: 1, failed: 0, remaining: 0, cancelled: 0 },
  });
  expect(await eventsOf(platform.natsUrl, job, 'JobCompleted')).toHaveLength(1);
  await untilNothingIsLeft(job, platform);
}

async function threeLeases(): Promise<void> {
  const endMs = performance.now() + THREE_LEASES_MS;
  await until('three leases to pass', () => performance.now() > endMs);
}

const signal = (pids: readonly number[], name: NodeJS.Signals): void => {
  for (const pid of pids) process.kill(pid, name);
};

describe('a worker keeps its batch for three leases', () => {
  it('while its handler is at 100% of a processor', async () => {
    const { recording, start } = await submitOne('spinning', 'spin');
    const job = await start();

    await expectOneSuccess(job);

    expect(recording.batchCalls).toHaveLength(1);
    const [success] = await eventsOf(platform.natsUrl, job, 'BatchSucceeded');
    expect(success?.event).toMatchObject({ data: { attempt: 1 } });
  });

  it('while its handler is stopped', async () => {
    const { recording, start } = await submitOne('handler-stopped', 'a');
    recording.hold('hold-batches');
    const job = await start();
    const pids = recording.liveHandlers.map(({ pid }) => pid);

    signal(pids, 'SIGSTOP');
    await threeLeases();
    signal(pids, 'SIGCONT');
    recording.letGo('hold-batches');

    await expectOneSuccess(job);
    expect(recording.batchCalls).toHaveLength(1);
  });
});

describe('a worker that is stopped for three leases', () => {
  it.each([
    ['the worker', 'worker-stopped', ['workerPid']],
    ['the worker and its handler', 'both-stopped', ['workerPid', 'pid']],
  ] as const)('loses its batch, and its late result changes no count: %s', async (_, api, what) => {
    const { recording, start } = await submitOne(api, 'a');
    recording.hold('hold-batches');
    recording.hold('hold-completion'); // The job waits for the late result.
    const job = await start();
    const [holder] = recording.liveHandlers; // Only a handler that was called has a record.
    const pids = what.map((which) => holder?.[which] ?? 0);

    signal(pids, 'SIGSTOP');
    await until('another worker to have the batch', () => recording.batchCalls.length === 2);
    recording.letGo('hold-batches');
    await threeLeases();
    signal(pids, 'SIGCONT');

    const successes = await until('both results', async () => {
      const events = await eventsOf(platform.natsUrl, job, 'BatchSucceeded');
      return events.length === 2 && events.map(({ event }) => event.data);
    });
    expect(successes).toMatchObject([
      { index: 0, attempt: 2 },
      { index: 0, attempt: 1 },
    ]);
    recording.letGo('hold-completion');
    await expectOneSuccess(job);
  });
});
