import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, headers } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';
import { join } from 'node:path';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { snapshotKey } from '#libs/projection/view-snapshots.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({ env: { SNAPSHOT_INTERVAL_MS: '200' } });
  const recording = new Recording(join(platform.dataDir, 'records'));
  await platform.deploy(recording.api('recorder'));
});
afterAll(() => platform.stop());

async function runJob(items: readonly unknown[]): Promise<string> {
  const { job_id: jobId } = await platform.submit('recorder', {
    workers: 2,
    config: { seed: 7 },
    item_list: { items, batch_size: 1 },
  });
  await platform.waitForJob({ api: 'recorder', jobId });
  return jobId;
}

async function parkedCount(): Promise<number> {
  const { services } = await platform.askJson<{
    services: Record<string, { details: { parkedEvents?: number } }>;
  }>('/readyz');
  return services['status-projector']?.details.parkedEvents ?? 0;
}

async function withBlobs<T>(use: (blobs: JetStreamBlobStore) => Promise<T>): Promise<T> {
  const nats = await connect({ servers: platform.natsUrl });
  try {
    return await use(await JetStreamBlobStore.open(nats));
  } finally {
    await nats.close();
  }
}

const untilSnapshot = (): Promise<Uint8Array> =>
  until('a snapshot', () => withBlobs((blobs) => blobs.get(snapshotKey(1))));

describe('an event that cannot be read', () => {
  it.each([
    ['of an unknown type', 'dev.cortex.batch.JobAbducted.v1', '{}'],
    ['of a version from the future', 'dev.cortex.batch.JobSubmitted.v99', '{}'],
    ['with malformed JSON', 'dev.cortex.batch.BatchSucceeded.v1', '{"jobId":'],
    ['with a member of the wrong type', 'dev.cortex.batch.BatchSucceeded.v1', '{"index":"x"}'],
  ])('%s is parked, told, and passed over', async (_, type, payload) => {
    const parkedBefore = await parkedCount();
    const nats = await connect({ servers: platform.natsUrl });
    const h = headers();
    const envelope = { type, id: crypto.randomUUID(), source: '/test', specversion: '1.0' };
    for (const [name, value] of Object.entries(envelope)) h.set(`ce-${name}`, value);
    h.set('ce-time', new Date().toISOString());
    const subject = 'cortex.events.recorder.jobs.00000000000000aa.batch';
    await jetstream(nats).publish(subject, payload, { headers: h });
    await nats.close();

    await runJob(['after the unreadable event']); // Everything goes on.

    expect(await parkedCount()).toBe(parkedBefore + 1);
    expect(platform.service('status-projector').log).toContain('event parked');
  });
});

describe('status documents', () => {
  it('are byte for byte the same after all status state was deleted', async () => {
    const jobIds = [await runJob([1, 2, 3]), await runJob(['fail', 'ok']), await runJob([null])];
    const read = async (): Promise<string[]> =>
      Promise.all(jobIds.map(async (id) => (await platform.ask(`/recorder?jobID=${id}`)).text));
    const before = await read();
    await untilSnapshot();

    await platform.kill('status-projector');
    await withBlobs((blobs) => blobs.delete(snapshotKey(1)));
    await platform.restart('status-projector');
    await platform.untilReady();
    expect(await read()).toEqual(before);

    // And from a snapshot.
    await untilSnapshot();
    await platform.restart('status-projector');
    await platform.untilReady();
    expect(await read()).toEqual(before);
  });
});
