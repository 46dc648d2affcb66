import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({ env: { STOP_GRACE_MS: '500' } });
});
afterAll(() => platform.stop());

async function startHeldJob(api: string, submission: Readonly<Record<string, unknown>> = {}) {
  const recording = new Recording(join(platform.dataDir, `records-${api}`));
  await platform.deploy(recording.api(api));
  recording.hold('hold-batches');
  const { job_id: jobId } = await platform.submit(api, {
    workers: 2,
    item_list: { items: [1, 2, 3, 4, 5, 6], batch_size: 1 },
    ...submission,
  });
  await until('both workers to hold a batch', () => recording.batchCalls.length === 2);
  return { recording, jobId };
}

describe('a job that is stopped', () => {
  it('ends stopped, and no handler call starts after that', async () => {
    const { recording, jobId } = await startHeldJob('stopped');

    expect(await platform.stopJob('stopped', jobId)).toEqual({ message: `stopped job ${jobId}` });

    const status = await platform.jobStatus('stopped', jobId);
    expect(status).toMatchObject({
      status: 'stopped',
      batches_in_queue: 0,
      batch_counts: { enqueued: 6, cancelled: 6, remaining: 0 },
    });
    recording.letGo('hold-batches');
    await until('its handlers to leave', () => recording.liveHandlers.length === 0);
    expect(recording.batchCalls).toHaveLength(2);
    expect(recording.completionCalls).toEqual([]);
  });

  it('cannot be stopped again, and keeps its status', async () => {
    const { recording, jobId } = await startHeldJob('stopped-twice');
    await platform.stopJob('stopped-twice', jobId);
    recording.letGo('hold-batches');

    const answer = await platform.ask(`/stopped-twice?jobID=${jobId}`, { method: 'DELETE' });

    expect(answer.status).toBe(409);
    expect((await platform.jobStatus('stopped-twice', jobId)).status).toBe('stopped');
  });

  it('is stopped with its API', async () => {
    const { recording, jobId } = await startHeldJob('deleted-api');

    await platform.askJson('/v1/apis/deleted-api', { method: 'DELETE' });

    const status = await until('the job to end', async () => {
      const { job_status: job } = await platform.askJson<{ job_status: { status: string } }>(
        `/v1/jobs/${jobId}`,
      );
      return job.status === 'stopped' && job.status;
    });
    expect(status).toBe('stopped');
    recording.letGo('hold-batches');
  });
});

describe('a job that runs out of time', () => {
  it('ends timed_out, counted from its submission', async () => {
    const { recording, jobId } = await startHeldJob('slow', { timeout: 2 });

    const status = await platform.waitForJob({ api: 'slow', jobId });

    expect(status).toMatchObject({ status: 'timed_out', reason: { kind: 'job.timed_out' } });
    const lastedMs =
      Date.parse(String(status['end_time'])) - Date.parse(String(status['created_time']));
    expect(lastedMs).toBeGreaterThanOrEqual(2000);
    expect(lastedMs).toBeLessThan(4000);
    recording.letGo('hold-batches');
    expect(recording.completionCalls).toEqual([]);
  });
});

describe('a job whose handler cannot start', () => {
  it('ends worker_error within seconds and says why', async () => {
    const container = { name: 'api', image: 'none', command: ['/no/such/program'] };
    await platform.deploy({ name: 'broken', kind: 'BatchAPI', pod: { containers: [container] } });
    const { job_id: jobId } = await platform.submit('broken', {
      workers: 2,
      item_list: { items: [1], batch_size: 1 },
    });

    const status = await platform.waitForJob({ api: 'broken', jobId }, undefined, 20_000);

    expect(status).toMatchObject({
      status: 'worker_error',
      reason: { message: expect.stringContaining('/no/such/program') },
    });
  });
});
