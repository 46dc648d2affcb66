import { describe, expect, it } from '@jest/globals';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { FaultPoints, FaultyEventStore } from '#test/support/fault-points.ts';
import { jobStopRequested } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';

/** A job that is seen through while its leader is killed at the `killedAt`th write to the log. */
async function seeThrough(
  killedAt: number,
  live: (shared: Scheduling, id: JobId) => Promise<void>,
): Promise<{ statuses: string[]; workers: string[]; writeCount: number }> {
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
  const workers = await statesOfWorkers(shared, id);
  return { statuses: ends.map(({ status }) => status), workers, writeCount };
}

/** As everybody sees them, by the whole log. */
async function statesOfWorkers(shared: Scheduling, id: JobId): Promise<string[]> {
  const view = new PlatformView();
  for await (const entries of shared.store.follow(0, AbortSignal.timeout(50))) {
    for (const entry of entries) if (entry.kind === 'event') view.apply(entry.logged);
    if (view.position === (await shared.store.lastPosition())) break;
  }
  return [...(view.jobs.get(id)?.workers.values() ?? [])].map(({ state }) => state);
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
  it('does so once, with its workers, at whatever write to the log its leader is killed', async () => {
    const { writeCount, ...seen } = await seeThrough(0, live);
    const workers = ['succeeded', 'succeeded']; // They have left.
    expect(seen).toEqual({ statuses: [status], workers });
    for (let killedAt = 1; killedAt <= writeCount; killedAt++) {
      expect({ killedAt, ...(await seeThrough(killedAt, live)) }).toMatchObject({
        killedAt,
        statuses: [status],
        workers,
      });
    }
  });
});
