import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from 'tar';
import { workerId } from '#libs/domain/kernel/ids.ts';
import { anApiSpec } from '#test/support/api.builders.ts';
import { KubePlatform } from '#test/support/kube-platform.ts';
import { ApiProblem } from '#test/support/kubernetes/api-objects.ts';
import type { TestApiServer } from '#test/support/kubernetes/api-server.ts';
import { HANDLERS } from '#test/support/local-platform.ts';
import { until } from '#test/support/until.ts';
import { aPod } from '#test/support/workload.builders.ts';
import type { WorkerReport } from '../compute.port.ts';
import { CLUSTER_RULES } from './cluster.ts';

const HOOK_BODY = '{"message":"job_complete"}';

describe('workers in pods', () => {
  let platform: KubePlatform;
  let api: TestApiServer;

  beforeEach(async () => {
    platform = await KubePlatform.start();
    api = platform.cluster.api as TestApiServer;
  });
  afterEach(() => platform.stop());

  const untilSucceeded = (
    workload: ReturnType<KubePlatform['workload']>,
    count: number,
  ): Promise<unknown> =>
    until('the outcomes', async () => {
      const types = await platform.eventTypes(workload);
      return types.filter((type) => type === 'BatchSucceeded').length === count;
    });
  const untilState = (
    workload: ReturnType<KubePlatform['workload']>,
    state: string,
  ): Promise<unknown> => until(state, () => platform.states(workload).includes(state));
  const failures = (): readonly WorkerReport[] =>
    platform.reports.filter(({ state }) => state === 'failed');

  it.each([
    ['python', 'handler.py'],
    ['node', 'handler.ts'],
  ] as const)('run a %s function from the deployed folder', async (type, path) => {
    const pieces = [];
    for await (const piece of create({ cwd: HANDLERS, gzip: true }, [path])) pieces.push(piece);
    await platform.options.blobs.put('code/1', Buffer.concat(pieces));
    const out = join(platform.cluster.kubelet.folder, 'out.ndjson');
    const handler = { ...anApiSpec().handler, type, path, config: { out } } as never;
    const workload = platform.workload({ spec: anApiSpec({ handler }), codeKey: 'code/1' });
    await platform.enqueue(workload, ['[1,2]', '[3]']);

    await platform.compute.start(workload);
    await untilSucceeded(workload, 2);

    expect(readFileSync(out, 'utf8')).toContain(`${workload.jobId}-0`);
    const signal = AbortSignal.timeout(10_000);
    const hook = await platform.compute.callCompletionHook(workload.jobId, HOOK_BODY, signal);
    expect(hook.status).toBe(200);
  });

  it('fail at once when their code is gone', async () => {
    const workload = platform.workload({ spec: anApiSpec(), codeKey: 'code/none' });

    await platform.compute.start(workload);

    await until('the end', () => failures().length > 0);
    expect(failures()).toMatchObject([
      {
        willRestart: false,
        reason: {
          kind: 'worker.code_unusable',
          message: expect.stringContaining('there is no code archive code/none'),
        },
      },
    ]);
  });

  it('fail at once when their command is not there', async () => {
    const spec = platform.workload().spec;
    const containers = (spec.pod?.containers ?? []).map((one) => ({
      ...one,
      command: ['no-such-program'],
    }));
    const workload = platform.workload({ spec: { ...spec, pod: { port: 8080, containers } } });

    await platform.compute.start(workload);

    await until('the end', () => failures().length > 0);
    expect(failures()).toMatchObject([
      { willRestart: false, reason: { kind: 'worker.container_not_started' } },
    ]);
  });

  it('are replaced when their handler dies, whose last words are the reason', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, ['[{"exit":3}]']);

    await platform.compute.start(workload);
    await untilState(workload, '0.1 running');

    expect(failures()[0]).toMatchObject({
      willRestart: true,
      reason: {
        kind: 'worker.container_exited',
        message: expect.stringContaining(
          'container "api" exited with code 3; its last output:\nlistening\nleaving with 3',
        ),
      },
    });
  });

  it('go on when a scheduler dies, and obey the next one', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, ['[1]']);
    await platform.compute.start(workload);
    await untilSucceeded(workload, 1);
    const pods = platform.cluster.kubelet.podsOf(workload.jobId, workerId(0));

    await platform.takeOver();
    await platform.compute.start({ ...workload, firstRestart: 1 });

    expect(await platform.compute.list()).toEqual([workload.jobId]);
    const response = await until('a running worker', () =>
      platform.compute
        .callCompletionHook(workload.jobId, HOOK_BODY, AbortSignal.timeout(10_000))
        .catch(() => null),
    );
    expect(response).toEqual({ status: 200, message: 'hook heard' });
    expect(platform.cluster.kubelet.podsOf(workload.jobId, workerId(0))).toEqual(pods);
    expect(new Set(platform.states(workload))).toEqual(
      new Set(['0.0 initializing', '0.0 running']),
    );
  });

  it('start no call when a scheduler that has just taken over halts them', async () => {
    const workload = platform.workload();
    await platform.enqueue(
      workload,
      Array.from({ length: 60 }, () => '[{"sleepMs":30}]'),
    );
    await platform.compute.start(workload);
    await until('some outcomes', async () => (await platform.eventTypes(workload)).length > 4);

    await platform.takeOver();
    await platform.compute.halt(workload.jobId);

    const calls = (): number =>
      readFileSync(join(platform.cluster.kubelet.folder, 'calls.ndjson'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"body"')).length;
    const started = calls();
    const receiver = await platform.queue.receiver(workload);
    await until('the rest on the queue', async () => (await receiver.receive(100, 500)).length > 0);
    await receiver.close();
    expect(calls()).toBe(started);
  });

  it('start no call when they come up after their job was halted', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, ['[1]']);
    await platform.compute.start(workload);
    await platform.compute.halt(workload.jobId);

    await until('a worker that listens', async () => {
      const [podName] = platform.cluster.kubelet.podsOf(workload.jobId, workerId(0));
      if (podName === undefined) return false;
      const order = { type: 'call-completion-hook', body: HOOK_BODY } as const;
      const signal = AbortSignal.timeout(1000);
      const address = { jobId: workload.jobId, podName };
      const { line } = platform.options;
      return (await line.ask(address, { order, nobodyMsMax: 100, signal })) !== null;
    });
    const greeting = platform.compute.stop(workload.jobId, 2000);
    await greeting;

    expect(await platform.eventTypes(workload)).toEqual([]);
    expect(platform.states(workload)).not.toContain('0.0 running');
  });

  it('are cleared away by a scheduler that never knew them', async () => {
    const workload = platform.workload();
    await platform.compute.start(workload);
    await untilState(workload, '0.0 running');

    await platform.takeOver();
    await platform.compute.stop(workload.jobId, 0);

    expect(await platform.cluster.leftovers()).toEqual([]);
  });

  it('are lost when somebody deletes their Job', async () => {
    const workload = platform.workload();
    await platform.compute.start(workload);
    await untilState(workload, '0.0 running');

    await platform.options.cluster.deleteJob(workload.jobId);

    await until('the end', () => failures().some(({ willRestart }) => !willRestart));
  });

  it('are seen again after watches broke, died silently, or were forgotten', async () => {
    const first = platform.workload();
    await platform.compute.start(first);
    await untilState(first, '0.0 running');

    api.dropWatches();
    api.objects.forgetHistory();
    platform.killWorker(first.jobId, workerId(0));

    await untilState(first, '0.1 running');
  });

  it('come up although the API server is overloaded, breaks connections and fails', async () => {
    let count = 0;
    api.fault = ({ verb, isOfClient }) => {
      if (!isOfClient || verb === 'watch') return null;
      count += 1;
      if (count % 4 === 1)
        return new ApiProblem(429, 'TooManyRequests', 'later', { 'retry-after': '0' });
      if (count % 4 === 2) return 'reset';
      return count % 4 === 3 ? new ApiProblem(503, 'ServiceUnavailable', 'away') : null;
    };
    const workload = platform.workload();

    await until('a start', () =>
      platform.compute.start(workload).then(
        () => true,
        () => false,
      ),
    );
    await untilState(workload, '0.0 running');

    api.fault = () => null;
  });

  it('fail for good when Kubernetes does not take their Job', async () => {
    api.fault = ({ verb, resource }) =>
      verb === 'create' && resource === 'jobs'
        ? new ApiProblem(422, 'Invalid', 'Job.batch is invalid: spec.x: Invalid value')
        : null;
    const workload = platform.workload();

    await platform.compute.start(workload);

    expect(failures()).toMatchObject([
      {
        willRestart: false,
        reason: { kind: 'worker.refused_by_cluster', message: expect.stringContaining('spec.x') },
      },
    ]);
    api.fault = () => null;
  });

  it('wait for whoever admits Jobs, and say so', async () => {
    const spec = {
      ...anApiSpec({ handler: null, pod: aPod() }),
      labels: { 'kueue.x-k8s.io/queue-name': 'q' },
    };
    const workload = platform.workload({ spec });

    await platform.compute.start(workload);

    await untilState(workload, '0.0 pending');
    expect(platform.reports[0]).toMatchObject({ reason: { kind: 'worker.suspended' } });
  });

  it('need no more rights than the rules say', async () => {
    const workload = platform.workload();
    const allowed = CLUSTER_RULES.flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    );
    await platform.compute.start(workload);
    await untilState(workload, '0.0 running');
    platform.killWorker(workload.jobId, workerId(0));
    await untilState(workload, '0.1 running');
    await platform.compute.readLog({ ...workload, workerId: workerId(0) }, 0, 10);
    await platform.compute.stop(workload.jobId, 0);

    const ofCompute = api.requests.filter(({ isOfClient }) => isOfClient);
    const used = new Set(ofCompute.map(({ verb, resource }) => `${verb} ${resource}`));
    expect([...used].sort()).toEqual(allowed.sort());
  });
});
