import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { untilNothingIsLeft } from '#test/support/leftovers.ts';
import { eventsOf } from '#test/support/log-reader.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { Recording } from '#test/support/recording.ts';
import { sendSignal } from '#test/support/send-signal.ts';
import { until } from '#test/support/until.ts';

const STOP_GRACE_MS = 1000;

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({
    env: { LEASE_MS: '1500', LEADER_TTL_MS: '1000', STOP_GRACE_MS: String(STOP_GRACE_MS) },
  });
});
afterAll(() => platform.stop());

interface Job {
  readonly api: string;
  readonly jobId: string;
}

async function deploy(api: string, container: Readonly<Record<string, unknown>> = {}) {
  const recording = new Recording(join(platform.dataDir, `records-${api}`));
  await platform.deploy(recording.api(api, container));
  return recording;
}

async function submit(
  api: string,
  items: readonly string[],
  { workers = 1, ...others }: { readonly workers?: number; readonly timeout?: number } = {},
): Promise<Job> {
  const submission = { workers, item_list: { items, batch_size: 1 }, ...others };
  const { job_id: jobId } = await platform.submit(api, submission);
  return { api, jobId };
}

async function expectSuccess(job: Job, batchCount: number): Promise<void> {
  expect(await platform.waitForJob(job)).toMatchObject({
    status: 'succeeded',
    batch_counts: { enqueued: batchCount, succeeded: batchCount, failed: 0, remaining: 0 },
  });
  await untilNothingIsLeft(job, platform);
}

const failuresOf = async (job: Job) =>
  (await eventsOf(platform.natsUrl, job, 'WorkerStateChanged'))
    .map(({ event }) => event.data)
    .filter((data) => 'state' in data && data.state === 'failed');

const probe = { period_seconds: 1, failure_threshold: 2 };

describe('a worker', () => {
  it('is replaced when its handler fails its liveness probe, and the batch is done', async () => {
    const liveness = { http_get: { port: 8080, path: '/alive' }, ...probe };
    const recording = await deploy('liveness', { liveness_probe: liveness });
    recording.hold('hold-batches');
    const job = await submit('liveness', ['a']);
    await until('the call', () => recording.batchCalls.length === 1);

    recording.hold('not-alive');
    const failures = await until('the failure', async () => {
      const all = await failuresOf(job);
      return all.length > 0 && all;
    });
    recording.letGo('not-alive');
    recording.letGo('hold-batches');

    await expectSuccess(job, 1);
    expect(failures).toMatchObject([
      {
        willRestart: true,
        reason: {
          kind: 'worker.liveness_failed',
          message: expect.stringMatching(/failed 2 times in a row: GET \/alive .*: status 503/),
        },
      },
    ]);
  });

  it('gives its handler no batch while its readiness probe fails', async () => {
    const readiness = { http_get: { port: 8080, path: '/ready' }, ...probe };
    const recording = await deploy('readiness', { readiness_probe: readiness });
    recording.hold('hold-batches');
    const job = await submit('readiness', ['a', 'b', 'c']);
    await until('the first call', () => recording.batchCalls.length === 1);
    const calledMs = performance.now();
    // Within a second of an answer the handler is taken to be as it said.
    await until('the answer to be old', () => performance.now() - calledMs > 1500);

    recording.hold('not-ready');
    recording.letGo('hold-batches');
    await until('some refusals', () => {
      return recording.probeStatuses('/ready').filter((status) => status === 503).length >= 4;
    });
    expect(recording.batchCalls).toHaveLength(1);
    recording.letGo('not-ready');

    await expectSuccess(job, 3);
    expect(await failuresOf(job)).toEqual([]);
  });

  it('that cannot start does not end the job when others can', async () => {
    const onlyFirst = 'mkdir "$RECORD_DIR/taken" && exec "$0" "$@"; exit 3';
    const recording = await deploy('bad-worker');
    const { pod } = recording.api('bad-worker') as {
      readonly pod: { readonly containers: readonly { readonly command: readonly string[] }[] };
    };
    const command = ['sh', '-c', onlyFirst, ...(pod.containers[0]?.command ?? [])];
    await platform.deploy(recording.api('bad-worker', { command }));
    recording.hold('hold-batches');
    const job = await submit('bad-worker', ['a', 'b', 'c'], { workers: 2 });

    const lost = await until('one worker to be lost', async () => {
      const failures = await failuresOf(job);
      return failures.find((data) => 'willRestart' in data && !data.willRestart) ?? null;
    });
    recording.letGo('hold-batches');

    await expectSuccess(job, 3);
    expect(lost).toMatchObject({ restart: 2, reason: { kind: 'worker.container_exited' } });
  });

  it('leaves no handler when it is killed in the same instant as the scheduler', async () => {
    const recording = await deploy('no-orphan');
    recording.hold('hold-batches');
    const job = await submit('no-orphan', ['a', 'b']);
    await until('the call', () => recording.batchCalls.length === 1);
    const [orphan] = recording.liveHandlers;

    for (const pid of [platform.service('scheduler').pid, orphan?.workerPid]) {
      sendSignal(pid, 'SIGKILL');
    }

    await until('the handler to be gone', () => recording.liveHandlers.length === 0, 5000);
    await platform.restart('scheduler');
    recording.letGo('hold-batches');
    await expectSuccess(job, 2);
  });
});

describe('the completion hook', () => {
  it('is acknowledged once though the worker that calls it dies', async () => {
    const recording = await deploy('hook');
    recording.hold('hold-completion');
    const job = await submit('hook', ['a', 'b']);
    await until('the completion call', () => recording.completionCalls.length === 1);

    sendSignal(recording.liveHandlers[0]?.workerPid, 'SIGKILL');
    await until('the second call', () => recording.completionCalls.length === 2);
    recording.letGo('hold-completion');

    await expectSuccess(job, 2);
    expect(recording.completionAnswers).toHaveLength(1);
    const ids = recording.completionCalls.map(({ headers }) => headers['x-cortex-hook-id']);
    expect(ids).toEqual([job.jobId, job.jobId]);
    const [completed] = await eventsOf(platform.natsUrl, job, 'JobCompleted');
    expect(completed?.event).toMatchObject({
      data: { completionHook: { result: 'succeeded', attempts: 1 } },
    });
  });

  it('is acknowledged once though the worker that is asked for it hangs', async () => {
    const recording = await deploy('hook-hangs');
    recording.hold('hold-batches');
    const job = await submit('hook-hangs', ['a'], { workers: 2 });
    await platform.waitForJob(job, ({ worker_counts: counts }) => counts?.['running'] === 2);
    // The first is asked; it is the one whose guard has its log.
    const first = processesWith(job.jobId).find(
      ({ commandLine }) => commandLine.includes('cortex-guard') && commandLine.endsWith('/0.log'),
    );

    sendSignal(first?.parentPid, 'SIGSTOP'); // It is never woken.
    recording.letGo('hold-batches');

    await expectSuccess(job, 1);
    expect(recording.completionAnswers).toHaveLength(1);
  });
});

describe('a call in flight when its job is stopped or runs out of time', () => {
  it.each([
    ['stopped', {}],
    ['timed_out', { timeout: 3 }],
  ] as const)('has the grace period, and is then cut: %s', async (status, limits) => {
    const api = `cut-${status.replace('_', '-')}`;
    const recording = await deploy(api);
    recording.hold('hold-batches');
    const job = await submit(api, ['a', 'b', 'c'], limits);
    await until('the call', () => recording.batchCalls.length === 1);

    if (status === 'stopped') await platform.stopJob(api, job.jobId);
    const document = await platform.waitForJob(job);
    await untilNothingIsLeft(job, platform);

    expect(document).toMatchObject({ status, batch_counts: { cancelled: 3 } });
    const endedMs = Date.parse(String(document['end_time']));
    const [cutMs = 0] = recording.batchCuts;
    expect(cutMs - endedMs).toBeGreaterThanOrEqual(STOP_GRACE_MS - 10); // Clocks of two processes.
    expect(recording.batchCalls).toHaveLength(1);
    expect(recording.completionCalls).toEqual([]);
  });

  it('may be answered within the grace period', async () => {
    const recording = await deploy('graceful');
    recording.hold('hold-batches');
    const job = await submit('graceful', ['a', 'b']);
    await until('the call', () => recording.batchCalls.length === 1);

    await platform.stopJob('graceful', job.jobId);
    recording.letGo('hold-batches');
    await untilNothingIsLeft(job, platform);

    expect(recording.batchCuts).toEqual([]);
    expect(recording.batchCalls).toHaveLength(1);
  });
});
