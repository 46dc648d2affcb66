import { afterEach, describe, expect, it } from '@jest/globals';
import { InMemoryCompute } from '#libs/compute/in-memory/in-memory-compute.ts';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { jobCompleted } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { aWorkload } from '#test/support/workload.builders.ts';

/** Compute that keeps what an earlier scheduler has started, as a cluster and a disk do. */
async function computeWith(...ids: readonly string[]): Promise<InMemoryCompute> {
  const compute = new InMemoryCompute({ workersMax: 10 });
  for (const id of ids) await compute.start(aWorkload({ jobId: jobId(id) }));
  return compute;
}

describe('a leader that finds workers, or files of theirs', () => {
  let candidate: Candidate | null = null;
  afterEach(() => candidate?.stop());

  it('lets go of those of a job that ended, whose workers left by the log', async () => {
    const shared = new Scheduling();
    const ended = await shared.submit({ workers: 1 });
    await shared.record(workerStateChanged({ jobId: ended, state: 'succeeded' }));
    await shared.decide(jobCompleted({ jobId: ended, status: 'stopped' }));
    const compute = await computeWith(ended);
    candidate = new Candidate(shared, { compute });
    await until('the workers to leave', async () => (await compute.list()).length === 0);
    await shared.released(ended);
  });

  it('lets go of those of a job that the log does not know, and of no other', async () => {
    const shared = new Scheduling();
    const running = await shared.submit();
    const compute = await computeWith(running, '00000000000000ff');
    candidate = new Candidate(shared, { compute });
    await until('the workers to leave', async () => (await compute.list()).length === 1);
    expect(await compute.list()).toEqual([running]);
  });
});
