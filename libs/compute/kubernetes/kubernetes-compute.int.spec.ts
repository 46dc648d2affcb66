import { computeContract } from '../compute.contract.ts';
import { KubePlatform } from '#test/support/kube-platform.ts';
import { suspendedJobs } from '#test/support/kubernetes/suspended-jobs.ts';

computeContract(async () => {
  const platform = await KubePlatform.start({ podsMax: 2 });
  return {
    compute: platform.compute,
    workload: (changes) => platform.workload(changes),
    kill: (job, worker) => platform.killWorker(job, worker),
    dispose: () => platform.stop(),
  };
});

suspendedJobs(() => KubePlatform.start());
