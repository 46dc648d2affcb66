import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type JobQueueKey, BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { InMemoryCompute } from '#libs/compute/in-memory/in-memory-compute.ts';
import { apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import type { LogEntry } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { jobCompleted } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';
import { NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';

/** Lets a test do something before the queues are listed or one is deleted, or fail instead. */
class WatchedQueue extends InMemoryBatchQueue {
  beforeList: () => Promise<void> = () => Promise.resolve();
  beforeDelete: (key: JobQueueKey) => Promise<void> = () => Promise.resolve();
  listCount = 0;

  override async delete(key: JobQueueKey): Promise<void> {
    await this.beforeDelete(key);
    await super.delete(key);
  }

  override async list(): Promise<readonly JobQueueKey[]> {
    this.listCount += 1;
    await this.beforeList();
    return super.list();
  }
}

/** Followers hear of nothing while it lags. */
class LaggingStore extends InMemoryEventStore {
  private inTime: Promise<void> = Promise.resolve();

  /** @returns ends the lag */
  lag(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.inTime = promise;
    return resolve;
  }

  override async *follow(after: number, signal: AbortSignal): AsyncGenerator<readonly LogEntry[]> {
    for await (const entries of super.follow(after, signal)) {
      await this.inTime;
      yield entries;
    }
  }
}

const keyOf = (id: JobId): JobQueueKey => ({ apiName: apiName('sum'), jobId: id });

describe('a leader that starts', () => {
  let store: LaggingStore;
  let queue: WatchedQueue;
  let shared: Scheduling;
  let candidate: Candidate | null;

  beforeEach(() => {
    store = new LaggingStore();
    queue = new WatchedQueue({ leaseMs: 60_000 });
    shared = new Scheduling(store, queue);
    candidate = null;
  });
  afterEach(() => candidate?.stop());

  const queuedJobs = async (): Promise<JobId[]> =>
    (await InMemoryBatchQueue.prototype.list.call(queue)).map((key) => key.jobId);
  const untilQueued = (...ids: JobId[]): Promise<boolean> =>
    until(`the queues of ${ids.join() || 'nobody'}`, async () => {
      const queued = await queuedJobs();
      return queued.length === ids.length && ids.every((id) => queued.includes(id));
    });

  it('deletes the queue of a job that has ended, with its items', async () => {
    const id = await shared.submit();
    await shared.enqueue(id);
    await shared.decide(jobCompleted({ jobId: id, status: 'stopped' }));
    candidate = new Candidate(shared);
    await shared.released(id);
  });

  it('keeps the queue, by which others find the job, until all else is gone', async () => {
    const id = await shared.submit();
    await shared.enqueue(id);
    await shared.settle(id);
    const running = new Candidate(shared);
    candidate = running;
    let left: unknown[] = [];
    queue.beforeDelete = async () => {
      left = [await running.compute.list(), await shared.blobs.get(`items/${id}`)];
    };
    await untilQueued();
    expect(left).toEqual([[], null]);
  });

  it('deletes a queue whose job the log does not know, and no other', async () => {
    const id = await shared.submit();
    await queue.create(keyOf(id), NO_DEAD_LETTERS);
    await queue.create(keyOf(jobId('00000000000000ff')), NO_DEAD_LETTERS);
    candidate = new Candidate(shared);
    await untilQueued(id);
  });

  it('keeps the queue of a job that it hears of after it has listed the queues', async () => {
    queue.beforeList = async () => {
      queue.beforeList = () => Promise.resolve();
      const endLag = store.lag();
      const id = await shared.submit();
      await shared.enqueue(id);
      await queue.send(keyOf(id), [{ index: 0, payload: new TextEncoder().encode('[1]') }]);
      setTimeout(endLag, 50);
    };
    candidate = new Candidate(shared);
    const running = candidate;
    await until('the job’s workers', async () => (await running.compute.list()).length === 1);
    const [id = jobId('')] = await running.compute.list();
    const receiver = await queue.receiver(keyOf(id));
    expect(await receiver.receive(10, 0)).toMatchObject([{ index: 0 }]);
  });

  it('tries again when the queues cannot be listed', async () => {
    queue.beforeList = () =>
      queue.listCount > 1 ? Promise.resolve() : Promise.reject(new BatchQueueUnavailable('away'));
    await queue.create(keyOf(jobId('00000000000000ff')), NO_DEAD_LETTERS);
    candidate = new Candidate(shared);
    await untilQueued();
    expect(queue.listCount).toBe(2);
  });

  it('deletes them also when it cannot look for leftover workers', async () => {
    const compute = new InMemoryCompute({ workersMax: 10 });
    compute.list = () => Promise.reject(new Error('no such disk'));
    await queue.create(keyOf(jobId('00000000000000ff')), NO_DEAD_LETTERS);
    candidate = new Candidate(shared, { compute });
    await untilQueued();
  });

  it('deletes those that it can when one cannot be deleted', async () => {
    const [stuck, other] = [jobId('00000000000000fe'), jobId('00000000000000ff')];
    for (const id of [stuck, other]) await queue.create(keyOf(id), NO_DEAD_LETTERS);
    queue.beforeDelete = async (key) => {
      if (key.jobId === stuck) throw new BatchQueueUnavailable('no');
    };
    candidate = new Candidate(shared);
    await untilQueued(stuck);
    queue.beforeDelete = () => Promise.resolve();
    await untilQueued();
  });

  it('looks again later: a queue may come back after it was deleted', async () => {
    candidate = new Candidate(shared, { queueSweepMs: 10 });
    await until('the first look', () => queue.listCount > 0);
    await queue.create(keyOf(jobId('00000000000000ff')), NO_DEAD_LETTERS);
    await untilQueued();
  });
});
