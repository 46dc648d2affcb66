import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BatchQueueUnavailable, type JobQueueKey } from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { apiName, type JobId } from '#libs/domain/kernel/ids.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';

/** Counts the looks, and answers none of them while it is away. */
class LookedAtQueue extends InMemoryBatchQueue {
  lookCount = 0;
  isAway = false;

  override async exists(key: JobQueueKey): Promise<boolean> {
    this.lookCount += 1;
    if (this.isAway) throw new BatchQueueUnavailable('away');
    return super.exists(key);
  }
}

describe('a job whose queue is deleted while it runs', () => {
  let queue: LookedAtQueue;
  let shared: Scheduling;
  let candidate: Candidate;

  beforeEach(() => {
    queue = new LookedAtQueue({ leaseMs: 60_000 });
    shared = new Scheduling(new InMemoryEventStore(), queue);
    candidate = new Candidate(shared);
  });
  afterEach(() => candidate.stop());

  const startJob = async (): Promise<JobId> => {
    const id = await shared.submit();
    await shared.enqueue(id);
    await until('a look', () => queue.lookCount > 1);
    return id;
  };
  const loseQueue = (id: JobId): Promise<void> =>
    queue.delete({ apiName: apiName('sum'), jobId: id });
  const looks = async (count: number): Promise<void> => {
    const seen = queue.lookCount;
    await until(`${count} looks`, () => queue.lookCount >= seen + count);
  };

  it('ends with an error that names the queue, and is let go of', async () => {
    const id = await startJob();
    await loseQueue(id);
    const { status, reason } = await shared.ended(id);
    expect({ status, kind: reason?.kind }).toEqual({
      status: 'unexpected_error',
      kind: 'queue.lost',
    });
    expect(reason?.message).toContain('nats://');
    await shared.released(id);
  });

  it('ends when the scheduler that would have noticed is gone too', async () => {
    const id = await startJob();
    await candidate.stop();
    await loseQueue(id);
    candidate = new Candidate(shared);
    expect(await shared.ended(id)).toMatchObject({
      status: 'unexpected_error',
      reason: { kind: 'queue.lost' },
    });
  });

  it('goes on while nobody answers whether it is there', async () => {
    const id = await startJob();
    queue.isAway = true;
    await looks(4);
    expect(await shared.ends(id)).toEqual([]);
    queue.isAway = false;
    await shared.settle(id);
    expect(await shared.ended(id)).toMatchObject({ status: 'succeeded' });
  });

  it('ends as it would have when every batch was settled before', async () => {
    const id = await startJob();
    await shared.settle(id);
    await loseQueue(id);
    expect(await shared.ended(id)).toMatchObject({ status: 'succeeded' });
  });
});
