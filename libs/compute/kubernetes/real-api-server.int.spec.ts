import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KubePlatform } from '#test/support/kube-platform.ts';
import { GivenCluster } from '#test/support/kubernetes/given-cluster.ts';
import {
  controlPlaneAssets,
  RealControlPlane,
} from '#test/support/kubernetes/real-control-plane.ts';
import { suspendedJobs } from '#test/support/kubernetes/suspended-jobs.ts';
import {
  startRealCluster,
  type TestCluster,
  type TestClusterOptions,
} from '#test/support/kubernetes/test-cluster.ts';
import { computeContract } from '../compute.contract.ts';

/*
 * What runs here depends on two variables; each that is set adds its part.
 *
 * - `KUBEBUILDER_ASSETS`: a folder with `etcd`, `kube-apiserver` and `kube-controller-manager`, which are
 *   started here. Everything runs, as a user who has the scheduler's Role and no more.
 * - `KUBECONFIG`, of a cluster without nodes: everything runs, as whoever that file says. Pods are bound to
 *   a node that is this process, and deleted with it.
 * - `KUBECONFIG`, of a cluster with nodes: only what needs no pod to run. Its nodes could pull no image of
 *   this checkout and reach no NATS server on this machine's loopback, and a node of ours beside them
 *   would get the pods of every DaemonSet.
 */
const assets = controlPlaneAssets();
const given = await GivenCluster.find();

type StartCluster = (options: TestClusterOptions) => Promise<TestCluster>;

/** What runs where this process runs the pods. */
function everything(startCluster: StartCluster): void {
  computeContract(async () => {
    const platform = await KubePlatform.start({ podsMax: 2, startCluster });
    return {
      compute: platform.compute,
      workload: (changes) => platform.workload(changes),
      kill: (job, worker) => platform.killWorker(job, worker),
      dispose: () => platform.stop(),
    };
  });
  suspendedJobs(() => KubePlatform.start({ startCluster }));
}

describe('Kubernetes with a real API server', () => {
  if (!('missing' in assets)) {
    describe('of KUBEBUILDER_ASSETS', () => {
      let plane: RealControlPlane | undefined;

      beforeAll(async () => {
        plane = await RealControlPlane.start(assets.folder);
      }, 180_000);
      afterAll(() => plane?.stop());

      everything((options) => startRealCluster(plane as RealControlPlane, options));
    });
  }

  if (given !== null) {
    const what = given.hasNodes ? 'with nodes: no pod runs' : 'without nodes: this process is one';
    describe(`of KUBECONFIG, ${what}`, () => {
      const startCluster: StartCluster = (options) => given.start(options);
      afterAll(() => given.close());

      if (given.hasNodes) suspendedJobs(() => KubePlatform.start({ startCluster }));
      else everything(startCluster);

      it('is left without a namespace or a node of ours', async () => {
        expect(await given.leftovers()).toEqual([]);
      }, 300_000);
    });
  }

  if ('missing' in assets && given === null) {
    it(`is not tested: ${assets.missing}, and KUBECONFIG no cluster`, () => {});
  }
});
