import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { KubePlatform } from '#test/support/kube-platform.ts';
import {
  controlPlaneAssets,
  RealControlPlane,
} from '#test/support/kubernetes/real-control-plane.ts';
import { startRealCluster } from '#test/support/kubernetes/test-cluster.ts';
import { computeContract } from '../compute.contract.ts';

const assets = controlPlaneAssets();

if ('missing' in assets) {
  describe('Kubernetes with a real API server', () => {
    it(`is not tested: ${assets.missing}`, () => {});
  });
} else {
  describe('Kubernetes with a real API server', () => {
    let plane: RealControlPlane | undefined;

    beforeAll(async () => {
      plane = await RealControlPlane.start(assets.folder);
    }, 180_000);
    afterAll(() => plane?.stop());

    computeContract(async () => {
      const platform = await KubePlatform.start({
        podsMax: 2,
        startCluster: (options) => startRealCluster(plane as RealControlPlane, options),
      });
      return {
        compute: platform.compute,
        workload: (changes) => platform.workload(changes),
        kill: (job, worker) => platform.killWorker(job, worker),
        dispose: () => platform.stop(),
      };
    });
  });
}
