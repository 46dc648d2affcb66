import { describe, expect, it } from '@jest/globals';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { FaultPoints, FaultyEventStore } from '#test/support/fault-points.ts';
import { jobStopRequested } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';

/** A job that is seen through while its leader is killed at the `killedAt`th write to the log. */
async function seeThrough(
  killedAt: number,
  live: (shared: Scheduling, id: JobId) => Promise<void>,
): Promise<{ statuses: string[]; writeCount: number }> {
  const faults = new FaultPoints();
  const store = new FaultyEventStore(faults);
  const shared = new Scheduling(store, new InMemoryBatchQueue({ leaseMs: 60_000 }));
  const candidates = [new Candidate(shared)];
  let writeCount = 0;
  faults.onWrite = async () => {
    writeCount += 1;
    if (writeCount !== killedAt) return;
    candidates[0]?.kill();
    candidates.push(new Candidate(shared));
  };

  const id = await shared.submit();
  await live(shared, id);
  await shared.ended(id);
  await shared.released(id);
  const ends = await shared.ends(id);
  await Promise.all(candidates.map((candidate) => candidate.stop()));
  return { statuses: ends.map(({ status }) => status), writeCount };
}

const lives = {
  succeeded: async (shared: Scheduling, id: JobId): Promise<void> => {
    await shared.enqueue(id);
    await shared.settle(id);
  },
  stopped: async (shared: Scheduling, id: JobId): Promise<void> => {
    await shared.enqueue(id);
    await shared.decide(jobStopRequested({ jobId: id }));
  },
};

describe.each(Object.entries(lives))('a job that ends %s', (status, live) => {
  it('does so once, at whatever write to the log its leader is killed', async () => {
    const { statuses, writeCount } = await seeThrough(0, live);
    expect(statuses).toEqual([status]);
    for (let killedAt = 1; killedAt <= writeCount; killedAt++) {
      expect({ killedAt, ...(await seeThrough(killedAt, live)) }).toMatchObject({
        killedAt,
        statuses: [status],
      });
    }
  });
});
