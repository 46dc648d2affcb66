import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { deployFolder } from '#test/support/deploy-folder.ts';
import { startTestCluster, type TestCluster } from '#test/support/kubernetes/test-cluster.ts';
import { HANDLERS } from '#test/support/local-platform.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { until } from '#test/support/until.ts';

const WORKER_IMAGE = 'cortex-batch:test';
const HANDLER_IMAGE = 'handlers:test';

let folder: string;
let cluster: TestCluster;
let platform: TestPlatform;

const callsFile = (): string => join(folder, 'calls.ndjson');
const noLeftovers = (): Promise<unknown> =>
  until('nothing to be left', async () => (await cluster.leftovers()).length === 0);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-kube-e2e-'));
  const env = { PATH: process.env['PATH'] ?? '' };
  cluster = await startTestCluster({
    podsMax: 4,
    images: { [WORKER_IMAGE]: { cwd: folder, env }, [HANDLER_IMAGE]: { cwd: HANDLERS, env } },
  });
  const kubeconfig = join(folder, 'kubeconfig.json');
  writeFileSync(kubeconfig, cluster.config.exportConfig());
  platform = await startPlatform({
    env: {
      COMPUTE: 'kubernetes',
      KUBECONFIG: kubeconfig,
      KUBERNETES_NAMESPACE: cluster.namespace,
      WORKER_IMAGE,
      LEASE_MS: '2000',
      LEADER_TTL_MS: '1000',
    },
  });
  await platform.deploy({
    name: 'command',
    kind: 'BatchAPI',
    pod: {
      containers: [
        {
          name: 'api',
          image: HANDLER_IMAGE,
          command: ['node', 'serve.mjs'],
          env: { CALLS_FILE: callsFile() },
          compute: { cpu: '200m' },
        },
      ],
    },
  });
}, 120_000);

afterAll(async () => {
  await platform.stop();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const submit = async (api: string, items: readonly unknown[], workers = 1): Promise<string> => {
  const { job_id: jobId } = await platform.submit(api, {
    workers,
    item_list: { items, batch_size: 1 },
  });
  return jobId;
};

describe('a job on Kubernetes', () => {
  it('succeeds, calls its hook once, and leaves nothing in the cluster', async () => {
    const jobId = await submit('command', [{}, {}, {}, {}], 2);

    const status = await platform.waitForJob({ api: 'command', jobId });

    expect(status).toMatchObject({
      status: 'succeeded',
      batch_metrics: { succeeded: 4, failed: 0 },
    });
    const hooks = readFileSync(callsFile(), 'utf8').split('/on-job-complete').length - 1;
    expect(hooks).toBe(1);
    await noLeftovers();
    const log = await platform.ask(`/v1/jobs/${jobId}/workers/0/log`);
    expect(log.text).toContain('listening');
  });

  it('runs a function from the deployed folder', async () => {
    const handler = {
      type: 'node',
      path: 'handler.ts',
      config: { out: join(folder, 'out.ndjson') },
    };
    await deployFolder(platform, HANDLERS, [{ name: 'function', kind: 'BatchAPI', handler }]);
    const jobId = await submit('function', [1, 2]);

    const status = await platform.waitForJob({ api: 'function', jobId });

    expect(status).toMatchObject({ status: 'succeeded', batch_metrics: { succeeded: 2 } });
    await noLeftovers();
  });

  it('goes on when the scheduler dies in the middle', async () => {
    const jobId = await submit(
      'command',
      Array.from({ length: 30 }, () => ({ sleepMs: 100 })),
      2,
    );
    await platform.waitForJob(
      { api: 'command', jobId },
      ({ batch_metrics: { succeeded } }) => succeeded > 2,
    );

    await platform.restart('scheduler');

    const status = await platform.waitForJob({ api: 'command', jobId });
    expect(status).toMatchObject({
      status: 'succeeded',
      batch_metrics: { succeeded: 30, failed: 0 },
    });
    await noLeftovers();
  });

  it('is stopped, and leaves nothing in the cluster', async () => {
    const jobId = await submit(
      'command',
      Array.from({ length: 50 }, () => ({ sleepMs: 200 })),
    );
    await platform.waitForJob({ api: 'command', jobId }, ({ status }) => status === 'running');

    await platform.stopJob('command', jobId);

    expect((await platform.waitForJob({ api: 'command', jobId })).status).toBe('stopped');
    await noLeftovers();
  });

  it('ends as worker_error when its handler cannot start', async () => {
    await platform.deploy({
      name: 'broken',
      kind: 'BatchAPI',
      pod: { containers: [{ name: 'api', image: HANDLER_IMAGE, command: ['no-such-program'] }] },
    });
    const jobId = await submit('broken', [1]);

    const status = await platform.waitForJob({ api: 'broken', jobId });

    expect(status.status).toBe('worker_error');
    expect(JSON.stringify(status)).toContain('no-such-program');
    await noLeftovers();
  });
});
