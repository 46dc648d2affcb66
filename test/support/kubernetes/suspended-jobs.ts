import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Workload } from '#libs/compute/compute.port.ts';
import { KUEUE_QUEUE_LABEL, resourceName } from '#libs/compute/kubernetes/labels.ts';
import { jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { anApiSpec } from '../api.builders.ts';
import type { KubePlatform } from '../kube-platform.ts';
import { until } from '../until.ts';
import { aPod, aWorkload } from '../workload.builders.ts';
import { Rest } from './rest.ts';

/**
 * What can be seen on any cluster without a pod of ours running there: a Job that waits to be admitted
 * by a queue that there is not, is made, watched, adopted and cleared away as every other.
 */
export function suspendedJobs(start: () => Promise<KubePlatform>): void {
  describe('a job whose Job is suspended', () => {
    let platform: KubePlatform;

    beforeEach(async () => {
      platform = await start();
    });
    afterEach(() => platform.stop());

    const waiting = aWorkload({
      workers: 2,
      spec: anApiSpec({
        handler: null,
        labels: { [KUEUE_QUEUE_LABEL]: 'none' },
        node_groups: ['none'],
        pod: aPod({
          image: 'handlers:test',
          compute: { cpu: '200m', mem: '64Mi', gpu: 1, inf: 0, shm: '16Mi' },
        }),
      }),
    });
    const name = resourceName(waiting.jobId);
    const kinds = (kind: string): (string | undefined)[] =>
      platform.reports.filter(({ state }) => state === kind).map(({ reason }) => reason?.kind);
    const untilWaiting = ({ workers }: Workload): Promise<unknown> =>
      until('to wait', () => {
        const reasons = kinds('pending').filter((kind) => kind === 'worker.suspended');
        return reasons.length >= workers;
      });

    it('says why its workers wait, and leaves nothing when it is stopped', async () => {
      await platform.compute.start(waiting);
      await untilWaiting(waiting);

      expect(await platform.compute.list()).toEqual([waiting.jobId]);
      expect(await platform.cluster.leftovers()).toEqual([`jobs/${name}`, `configmaps/${name}`]);
      await platform.compute.stop(waiting.jobId, 0);

      expect(await platform.cluster.leftovers()).toEqual([]);
      expect(await platform.compute.list()).toEqual([]);
    });

    it('is made once, and is known to the next scheduler', async () => {
      await platform.compute.start(waiting);
      await platform.takeOver();
      expect(await platform.compute.list()).toEqual([waiting.jobId]);

      await platform.compute.start(waiting);

      expect(await platform.cluster.leftovers()).toEqual([`jobs/${name}`, `configmaps/${name}`]);
      await platform.takeOver();
      await platform.compute.stop(waiting.jobId, 0);
      expect(await platform.cluster.leftovers()).toEqual([]);
    });

    it('has failed when somebody deletes its Job', async () => {
      const { config, namespace } = platform.cluster;
      await platform.compute.start(waiting);
      await untilWaiting(waiting);

      const path = `jobs/${name}?propagationPolicy=Background`;
      await new Rest(config, namespace).send('DELETE', path);

      await until('the end', () => kinds('failed').length === 2);
      expect(kinds('failed')).toEqual(['worker.job_deleted', 'worker.job_deleted']);
      await platform.compute.stop(waiting.jobId, 0);
      expect(await platform.cluster.leftovers()).toEqual([]);
    });

    it('is nothing to a cluster that has never had it', async () => {
      const unknown = { ...waiting, jobId: jobId('00000000000000ff') };

      await platform.compute.halt(unknown.jobId);
      await platform.compute.stop(unknown.jobId, 0);

      const worker = { ...unknown, workerId: workerId(0) };
      expect(await platform.compute.readLog(worker, 0, 100)).toBeNull();
      expect(platform.reports).toEqual([]);
    });
  });
}
