import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobQueueKey, QueueSettings } from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';

/** Can be taken from its holder, who may then acquire it again. */
class RevocableLease implements LeaderLease {
  grantCount = 0;
  private term = new AbortController();

  async acquire(signal: AbortSignal): Promise<AbortSignal> {
    signal.throwIfAborted();
    this.grantCount += 1;
    this.term = new AbortController();
    return AbortSignal.any([signal, this.term.signal]);
  }

  revoke(): void {
    this.term.abort();
  }
}

/** Makes queues when the test lets it. */
class SlowQueue extends InMemoryBatchQueue {
  isCreating = false;
  gate: Promise<void> = Promise.resolve();

  override async create(key: JobQueueKey, settings: QueueSettings): Promise<void> {
    this.isCreating = true;
    await this.gate;
    await super.create(key, settings);
  }
}

describe('a scheduler that leads no more', () => {
  let queue: SlowQueue;
  let shared: Scheduling;
  let lease: RevocableLease;
  let candidate: Candidate;

  beforeEach(() => {
    queue = new SlowQueue({ leaseMs: 60_000 });
    shared = new Scheduling(undefined, queue);
    lease = new RevocableLease();
    candidate = new Candidate(shared, { lease });
  });
  afterEach(() => candidate.stop());

  const untilWorkers = (): Promise<boolean> =>
    until('workers', async () => (await candidate.compute.list()).length === 1);

  it('lets go of its workers, and of nothing else', async () => {
    const id = await shared.submit({ timeoutMs: 3_600_000 });
    await untilWorkers();
    await candidate.stop();
    expect(await candidate.compute.list()).toEqual([]);
    expect(candidate.isLeading).toBe(false);
    expect(await shared.ends(id)).toEqual([]);
    expect(await queue.list()).toHaveLength(1);
  });

  it('starts no workers for what it was about to do', async () => {
    const gate = Promise.withResolvers<void>();
    queue.gate = gate.promise;
    await shared.submit();
    await until('the queue to be made', () => queue.isCreating);
    await candidate.stop();
    gate.resolve();
    await until('the queue', async () => (await queue.list()).length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await candidate.compute.list()).toEqual([]);
  });

  it('takes its jobs up again when it leads once more', async () => {
    const id = await shared.submit();
    await untilWorkers();
    lease.revoke();
    await until('the next term', () => lease.grantCount === 2);
    await untilWorkers();
    await shared.enqueue(id);
    await shared.settle(id);
    expect(await shared.ended(id)).toMatchObject({ status: 'succeeded' });
    await shared.released(id);
    expect(await shared.ends(id)).toHaveLength(1);
  });
});

describe('a scheduler whose clock is slower than its timers', () => {
  it('ends a job at its deadline by the clock', async () => {
    const shared = new Scheduling();
    const startMs = Date.now();
    const clock = (): Date => new Date(startMs + (Date.now() - startMs) / 2);
    const candidate = new Candidate(shared, { clock });
    const id = await shared.submit({ timeoutMs: 200 });
    expect(await shared.ended(id)).toMatchObject({ status: 'timed_out' });
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(399);
    await candidate.stop();
  });
});
