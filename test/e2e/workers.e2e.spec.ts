import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { eventsOf } from '#test/support/log-reader.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

interface Worker {
  readonly worker_id: string;
  readonly state: string;
  readonly batches_done: number;
}

let platform: TestPlatform;

beforeAll(async () => {
  const env = { LOCAL_WORKERS_MAX: '1', STALLED_AFTER_MS: '1000' };
  platform = await startPlatform({ env });
  platform.addInstance('status-projector', 'second-projector');
});
afterAll(() => platform.stop());

const workersOf = async (jobId: string): Promise<readonly Worker[]> =>
  (await platform.askJson<{ workers: readonly Worker[] }>(`/v1/jobs/${jobId}/workers`)).workers;

describe('a job with more workers than there is room for', () => {
  it('shows the others stalled until they start, and says so once', async () => {
    const api = 'crowded';
    const recording = new Recording(join(platform.dataDir, 'records'));
    await platform.deploy(recording.api(api));
    recording.hold('hold-batches');
    const { job_id: jobId } = await platform.submit(api, {
      workers: 2,
      item_list: { items: [1, 2, 3, 4], batch_size: 1 },
    });
    const job = { api, jobId };
    const announcements = () => eventsOf(platform.natsUrl, job, 'WorkerStalled');

    await until('one to run and the other to be stalled', async () => {
      const states = new Set((await workersOf(jobId)).map(({ state }) => state));
      return states.has('running') && states.has('stalled');
    });
    expect((await platform.jobStatus(api, jobId)).worker_counts).toEqual({
      pending: 0,
      initializing: 0,
      running: 1,
      succeeded: 0,
      failed: 0,
      stalled: 1,
    });

    await until('the announcement', async () => (await announcements()).length > 0);
    await platform.restart('status-projector');
    await platform.untilReady();
    recording.letGo('hold-batches');
    expect(await platform.waitForJob(job)).toMatchObject({ status: 'succeeded' });
    const done = (await workersOf(jobId)).map((worker) => worker.batches_done);
    expect(done.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect((await workersOf(jobId)).filter(({ state }) => state === 'stalled')).toEqual([]);
    const ids = (await announcements()).map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });
});
