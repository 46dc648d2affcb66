import { jobId } from '#libs/domain/kernel/ids.ts';
import { aWorkload } from '#test/support/workload.builders.ts';
import { computeContract } from '../compute.contract.ts';
import { InMemoryCompute } from './in-memory-compute.ts';

computeContract(async () => {
  const compute = new InMemoryCompute({ workersMax: 2 });
  let jobCount = 0;
  return {
    compute,
    workload: (changes) =>
      aWorkload({ jobId: jobId((++jobCount).toString(16).padStart(16, '0')), ...changes }),
    kill: (job, worker) => compute.crash(job, worker, { isLost: false }),
    dispose: async () => {},
  };
});
