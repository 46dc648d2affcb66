import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HookResponse } from '#libs/compute/compute.port.ts';
import { InMemoryCompute } from '#libs/compute/in-memory/in-memory-compute.ts';
import type { EndStatus } from '#libs/domain/job/job-status-code.ts';
import { apiName, type JobId } from '#libs/domain/kernel/ids.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import { enqueuingFailed, jobStopRequested } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';

/** Counts hook calls; the handler answers when it is let to. */
class HookCounter {
  callCount = 0;
  isAnswering = true;

  readonly answer = (_body: string, signal: AbortSignal): Promise<HookResponse> => {
    this.callCount += 1;
    if (this.isAnswering) return Promise.resolve({ status: 200, message: '' });
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('gave up waiting')));
    });
  };

  compute(): InMemoryCompute {
    return new InMemoryCompute({ workersMax: 10, answerHook: this.answer });
  }
}

/** Its leader dies while workers are being let go of. */
class ComputeOfTheDying extends InMemoryCompute {
  isLettingGo = false;

  override stop(): Promise<void> {
    this.isLettingGo = true;
    return new Promise(() => {});
  }
}

const workersRun = (of: Candidate, id: JobId): Promise<boolean> =>
  until('workers', async () => (await of.compute.list()).includes(id));

describe('a scheduler that takes over', () => {
  let shared: Scheduling;
  let hook: HookCounter;
  let candidates: Candidate[];

  beforeEach(() => {
    shared = new Scheduling();
    hook = new HookCounter();
    candidates = [];
  });
  afterEach(async () => {
    await Promise.all(candidates.map((candidate) => candidate.stop()));
  });

  const candidate = (options: ConstructorParameters<typeof Candidate>[1] = {}): Candidate => {
    const made = new Candidate(shared, { compute: hook.compute(), ...options });
    candidates.push(made);
    return made;
  };
  const leading = async (options: Parameters<typeof candidate>[0] = {}): Promise<Candidate> => {
    const made = candidate(options);
    await until('a leader', () => made.isLeading);
    return made;
  };
  const restartsOf = async (id: JobId): Promise<Set<number>> =>
    new Set(
      (await shared.history(id)).flatMap((event) =>
        event.type === 'WorkerStateChanged' && event.data.state === 'running'
          ? [event.data.restart]
          : [],
      ),
    );
  const leftOf = async (id: JobId): Promise<number> =>
    (await shared.history(id)).filter(
      (event) => event.type === 'WorkerStateChanged' && event.data.state === 'succeeded',
    ).length;
  /** A job that a leader which has died had got to the state that `prepare` makes. */
  const orphaned = async (prepare: (id: JobId) => Promise<void>): Promise<JobId> => {
    const first = await leading();
    const id = await shared.submit();
    await workersRun(first, id);
    await prepare(id);
    first.kill();
    return id;
  };
  const expectOneEnd = async (id: JobId, status: EndStatus): Promise<void> => {
    expect(await shared.ended(id)).toMatchObject({ status });
    await shared.released(id);
    expect(await shared.ends(id)).toHaveLength(1);
  };

  it('waits as long as another one leads', async () => {
    const first = await leading();
    const second = candidate();
    const id = await shared.submit();
    await workersRun(first, id);
    expect(second.isLeading).toBe(false);
    expect(await second.compute.list()).toEqual([]);
    await first.stop();
    await workersRun(second, id);
    expect(first.isLeading).toBe(false);
  });

  it('ends without having led', async () => {
    await leading();
    const second = candidate();
    await second.stop();
    expect(second.isLeading).toBe(false);
  });

  it('knows what happened while nobody led', async () => {
    const id = await shared.submit();
    await shared.enqueue(id);
    await shared.settle(id);
    candidate();
    await expectOneEnd(id, 'succeeded');
    expect(hook.callCount).toBe(1);
  });

  it('starts workers above those of the one before', async () => {
    const first = await leading();
    const id = await shared.submit();
    await until('workers in the log', async () => (await restartsOf(id)).has(0));
    first.kill();
    candidate();
    await until('new workers', async () => (await restartsOf(id)).has(1));
  });

  describe('when the one before died', () => {
    it('goes on with a job that is being enqueued', async () => {
      const id = await orphaned(async () => {});
      const second = candidate();
      await workersRun(second, id);
      await shared.enqueue(id);
      await shared.settle(id);
      await expectOneEnd(id, 'succeeded');
    });

    it('goes on with a job that runs', async () => {
      const id = await orphaned((job) => shared.enqueue(job));
      const second = candidate();
      await workersRun(second, id);
      await shared.settle(id);
      await expectOneEnd(id, 'succeeded');
      expect(hook.callCount).toBe(1);
    });

    it('calls the hook again with workers of its own when that was under way', async () => {
      hook.isAnswering = false;
      const id = await orphaned(async (job) => {
        await shared.enqueue(job);
        await shared.settle(job);
        await until('the hook call', () => hook.callCount === 1);
      });
      hook.isAnswering = true;
      candidate();
      await expectOneEnd(id, 'succeeded');
      expect(hook.callCount).toBe(2);
    });

    it('stops a job that nobody has stopped yet', async () => {
      const id = await orphaned((job) => shared.enqueue(job));
      await shared.decide(jobStopRequested({ jobId: id }));
      candidate();
      await expectOneEnd(id, 'stopped');
    });

    it('stops a job whose hook was being called', async () => {
      hook.isAnswering = false;
      const id = await orphaned(async (job) => {
        await shared.enqueue(job);
        await shared.settle(job);
        await until('the hook call', () => hook.callCount === 1);
      });
      await shared.decide(jobStopRequested({ jobId: id }));
      candidate();
      await expectOneEnd(id, 'stopped');
      expect(hook.callCount).toBe(1);
    });

    it('ends a job whose enqueuing failed meanwhile', async () => {
      const id = await orphaned(async () => {});
      await shared.decide(enqueuingFailed({ jobId: id }));
      candidate();
      await expectOneEnd(id, 'enqueue_failed');
    });

    it('lets go of a job that had ended', async () => {
      const compute = new ComputeOfTheDying({ workersMax: 10 });
      const first = await leading({ compute });
      const id = await shared.submit();
      await shared.enqueue(id);
      await shared.settle(id);
      await until('letting go', () => compute.isLettingGo);
      first.kill();
      candidate();
      await expectOneEnd(id, 'succeeded');
    });

    it('lets go of a job that had ended, also when its enqueuer has deleted the queue', async () => {
      const compute = new ComputeOfTheDying({ workersMax: 10 });
      const first = await leading({ compute });
      const id = await shared.submit();
      await workersRun(first, id);
      await shared.decide(jobStopRequested({ jobId: id }));
      await until('letting go', () => compute.isLettingGo);
      first.kill();
      await shared.queue.delete({ apiName: apiName('sum'), jobId: id });
      candidate();
      await until('its workers to have left', async () => (await leftOf(id)) > 0);
      await expectOneEnd(id, 'stopped');
    });
  });

  describe('from one that died before a deadline', () => {
    const timeoutMs = 300;

    it('keeps the deadline of a job that runs', async () => {
      const first = await leading();
      const id = await shared.submit({ timeoutMs });
      await workersRun(first, id);
      first.kill();
      candidate();
      await expectOneEnd(id, 'timed_out');
    });

    it('keeps the deadline of a hook that is called', async () => {
      hook.isAnswering = false;
      const first = await leading();
      const id = await shared.submit({ timeoutMs });
      await shared.enqueue(id);
      await shared.settle(id);
      await until('the hook call', () => hook.callCount === 1);
      first.kill();
      candidate();
      await expectOneEnd(id, 'succeeded');
      expect(await shared.ended(id)).toMatchObject({
        completionHook: { result: 'failed', message: 'given up' },
      });
    });
  });

  it('ends a job once when two believe that they lead', async () => {
    const leaders = [
      await leading({ lease: new InMemoryLeaderLease() }),
      await leading({ lease: new InMemoryLeaderLease() }),
    ];
    const id = await shared.submit();
    for (const leader of leaders) await workersRun(leader, id);
    await shared.enqueue(id);
    await shared.settle(id);
    await expectOneEnd(id, 'succeeded');
    for (const leader of leaders) {
      await until('both to let go', async () => (await leader.compute.list()).length === 0);
    }
  });

  it('gives up its hook call when another leader has ended the job', async () => {
    hook.isAnswering = false;
    const slow = await leading({ lease: new InMemoryLeaderLease() });
    const id = await shared.submit();
    await shared.enqueue(id);
    await shared.settle(id);
    await until('the hook call', () => hook.callCount === 1);
    hook.isAnswering = true;
    await leading({ lease: new InMemoryLeaderLease() });
    await expectOneEnd(id, 'succeeded');
    await until('the other to let go', async () => (await slow.compute.list()).length === 0);
  });
});
