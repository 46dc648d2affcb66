import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { workerId } from '#libs/domain/kernel/ids.ts';
import type { Workload } from '../compute.port.ts';
import { KubePlatform } from '#test/support/kube-platform.ts';
import { ApiProblem } from '#test/support/kubernetes/api-objects.ts';
import type { ApiRequest, TestApiServer } from '#test/support/kubernetes/api-server.ts';
import { Rest } from '#test/support/kubernetes/rest.ts';
import { until } from '#test/support/until.ts';
import { resourceName } from './labels.ts';

const isListOfEvents = ({ verb, resource, isOfClient }: ApiRequest): boolean =>
  isOfClient && verb === 'list' && resource === 'events';

describe('the workers of a job', () => {
  let platform: KubePlatform;
  let api: TestApiServer;

  beforeEach(async () => {
    platform = await KubePlatform.start();
    api = platform.cluster.api as TestApiServer;
  });
  afterEach(() => platform.stop());

  const listings = (): number =>
    api.requests.filter(
      ({ verb, resource, isOfClient }) => isOfClient && verb === 'list' && resource === 'pods',
    ).length;
  const suspend = (workload: ReturnType<KubePlatform['workload']>, isOn: boolean): void => {
    const job = api.objects.get('jobs', resourceName(workload.jobId));
    api.objects.replace('jobs', { ...job, spec: { ...job.spec, suspend: isOn } });
  };

  it('are disrupted when their Job is suspended, and come back when it goes on', async () => {
    const workload = platform.workload();
    await platform.compute.start(workload);
    await until('running', () => platform.states(workload).includes('0.0 running'));

    suspend(workload, true);
    const failed = await until(
      'the end',
      () => platform.reports.find(({ state }) => state === 'failed') ?? false,
    );
    expect(failed).toMatchObject({ willRestart: true, reason: { kind: 'worker.disrupted' } });

    suspend(workload, false);
    await until('a replacement', () => platform.states(workload).includes('0.1 running'));
  });

  /** @returns lets the cluster take pods again */
  const refusePods = (problem: string): (() => void) => {
    api.fault = ({ verb, resource, name }) =>
      verb === 'create' && resource === 'pods' && name === null
        ? new ApiProblem(403, 'Forbidden', problem)
        : null;
    return () => (api.fault = () => null);
  };
  /** Newer than all that the Job controller tells. */
  const tellRefusal = ({ jobId }: Workload, message: string): Promise<void> => {
    const { config, namespace } = platform.cluster;
    const { uid, name } = api.objects.get('jobs', resourceName(jobId)).metadata;
    return new Rest(config, namespace).create('events', {
      metadata: { generateName: `${name}.` },
      reason: 'FailedCreate',
      message,
      lastTimestamp: new Date(Date.now() + 60_000).toISOString(),
      involvedObject: { apiVersion: 'batch/v1', kind: 'Job', name, uid },
    });
  };
  const reasonsOf = ({ jobId }: Workload): string[] =>
    platform.reports.flatMap((report) =>
      report.jobId === jobId && report.reason !== null ? [report.reason.kind] : [],
    );

  it('say why they wait when the cluster refuses their pods, also to who takes over', async () => {
    const problem =
      'pods "w" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=3';
    const takePods = refusePods(problem);
    const workload = platform.workload();
    await platform.compute.start(workload);
    await until('a reason', () => reasonsOf(workload).length === 1);
    expect(platform.reports.at(-1)).toMatchObject({
      state: 'pending',
      reason: {
        kind: 'worker.pod_refused',
        message: `the cluster refuses the pod: Error creating: ${problem}`,
      },
    });

    await tellRefusal(workload, 'no such account');
    await platform.takeOver();
    await platform.compute.start(workload);
    await until('the newest reason', () => reasonsOf(workload).length === 2);
    expect(platform.reports.at(-1)?.reason?.message).toContain('no such account');

    takePods();
    await until('it to run', () => platform.states(workload).includes('0.0 running'));
    expect(reasonsOf(workload)).toEqual(['worker.pod_refused', 'worker.pod_refused']);
  });

  it('wait for another reason when they have a pod', async () => {
    const full = platform.workload({ workers: 5 }); // There is room for four.
    await platform.compute.start(full);
    const runningCount = (): number =>
      platform.states(full).filter((state) => state.endsWith('.0 running')).length;
    await until('four to run', () => runningCount() === 4);
    await tellRefusal(full, 'forbidden');
    refusePods('forbidden');
    const refused = platform.workload();
    await platform.compute.start(refused);
    await until('another to be refused', () => reasonsOf(refused).length === 1);

    await platform.takeOver();
    await platform.compute.start(full);
    await platform.compute.start(refused);

    await until('that to be seen again', () => reasonsOf(refused).length === 2);
    expect(reasonsOf(full)).not.toContain('worker.pod_refused');
  });

  it('run although the scheduler may not look at events', async () => {
    const listCount = (): number => api.requests.filter(isListOfEvents).length;
    await until('the first look', () => listCount() === 1);
    api.fault = (request) =>
      isListOfEvents(request) ? new ApiProblem(403, 'Forbidden', 'events is forbidden') : null;
    await platform.takeOver();
    const workload = platform.workload();
    await platform.compute.start(workload);
    await until('it to run', () => platform.states(workload).includes('0.0 running'));
    expect(listCount()).toBe(2);
  });

  it('leave all their logs when it ends', async () => {
    const workload = platform.workload({ workers: 4 });
    await platform.compute.start(workload);
    const running = (): boolean =>
      [0, 1, 2, 3].every((index) => platform.states(workload).includes(`${index}.0 running`));
    await until('all to run', running);

    await platform.compute.stop(workload.jobId, 0);

    for (const index of [0, 1, 2, 3]) {
      const log = await platform.compute.readLog(
        { ...workload, workerId: workerId(index) },
        0,
        1000,
      );
      expect(Buffer.from(log?.bytes ?? []).toString()).toContain('listening');
    }
  });

  it('are seen although something about a Pod was not understood', async () => {
    const { compute } = platform;
    const workload = platform.workload();
    let isBroken = true;
    compute.onReport(({ state }) => {
      if (state !== 'initializing' || !isBroken) return;
      isBroken = false;
      throw new Error('not understood');
    });
    await until('the first list', () => listings() > 0);
    const before = listings();

    await compute.start(workload);

    await until('another list', () => listings() > before);
    expect(isBroken).toBe(false);
  });
});
