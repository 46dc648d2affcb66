import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NoLiveWorker } from '#libs/compute/compute.port.ts';
import { InMemoryCompute } from '#libs/compute/in-memory/in-memory-compute.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { apiId, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { anApiDeleted, anApiDeployed } from '#test/support/api.builders.ts';
import { batchFailed, batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB, enqueuingFailed, jobStopRequested } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';

const SHORT_TIMEOUT_MS = 150;
const apiDeleted = { kind: 'api.deleted', message: 'the API was deleted' };

/** Notes when it was asked what, beside the events of the log. */
class WatchedCompute extends InMemoryCompute {
  readonly asked: string[] = [];

  constructor(answerHook?: ConstructorParameters<typeof InMemoryCompute>[0]['answerHook']) {
    super({ workersMax: 10, ...(answerHook && { answerHook }) });
  }

  override async halt(id: JobId): Promise<void> {
    this.asked.push('halt');
    await super.halt(id);
  }

  override async stop(id: JobId): Promise<void> {
    this.asked.push('stop');
    await super.stop(id);
  }
}

/** A handler that never answers the hook, but notices when the caller gives up. */
const silent = (onCalled = (): void => {}): WatchedCompute =>
  new WatchedCompute((_body, signal) => {
    onCalled();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('gave up waiting')));
    });
  });

describe('a leading scheduler', () => {
  let shared: Scheduling;
  let candidates: Candidate[];

  beforeEach(() => {
    shared = new Scheduling();
    candidates = [];
  });
  afterEach(async () => {
    await Promise.all(candidates.map((candidate) => candidate.stop()));
  });

  const lead = (compute?: InMemoryCompute): Candidate => {
    const candidate = new Candidate(shared, compute && { compute });
    candidates.push(candidate);
    return candidate;
  };
  const workersRun = async (id: JobId): Promise<void> => {
    await until('two running workers', async () => {
      const events = await shared.history(id);
      const running = events.filter(
        (event) => event.type === 'WorkerStateChanged' && event.data.state === 'running',
      );
      return running.length === 2;
    });
  };
  /** Ends with a job whose workers run. */
  const running = async (
    changes: Parameters<Scheduling['submit']>[0] = {},
    compute?: InMemoryCompute,
  ): Promise<{ id: JobId; candidate: Candidate }> => {
    const candidate = lead(compute);
    const id = await shared.submit(changes);
    await workersRun(id);
    return { id, candidate };
  };

  it('sees a job through: workers, batches, hook, end', async () => {
    const bodies: string[] = [];
    const compute = new WatchedCompute(async (body) => {
      bodies.push(body);
      return { status: 200, message: '' };
    });
    const { id } = await running({}, compute);
    await shared.enqueue(id);
    await shared.settle(id);
    expect(await shared.ended(id)).toEqual({
      jobId: id,
      status: 'succeeded',
      reason: null,
      completionHook: { result: 'succeeded', attempts: 1, message: null },
    });
    await shared.released(id);
    expect(bodies).toHaveLength(1);
    expect(compute.asked).toEqual(['stop']);
    expect(await compute.list()).toEqual([]);
    await until('the workers to have left', async () => {
      const events = await shared.history(id);
      const left = events.filter(
        (event) => event.type === 'WorkerStateChanged' && event.data.state === 'succeeded',
      );
      return left.length === 2;
    });
    expect(await shared.ends(id)).toHaveLength(1);
  });

  it('starts workers while the job is still being enqueued, and ends nothing before it is', async () => {
    const { id } = await running();
    await shared.record(batchSucceeded({ jobId: id, index: 0 }));
    await shared.enqueue(id);
    expect(await shared.ends(id)).toEqual([]);
    await shared.settle(id);
    await shared.ended(id);
  });

  it('ends a job with failed batches as completed with failures', async () => {
    const { id } = await running();
    await shared.enqueue(id);
    for (const index of [0, 1]) await shared.record(batchSucceeded({ jobId: id, index }));
    await shared.record(batchFailed({ jobId: id, index: 2, next: 'fail' }));
    expect(await shared.ended(id)).toMatchObject({ status: 'completed_with_failures' });
  });

  it('keeps many jobs at a time', async () => {
    lead();
    const ids = Array.from({ length: 12 }, (_, n) => jobId(String(100 + n).padStart(16, '0')));
    for (const id of ids) await shared.submit({ jobId: id, timeoutMs: 3_600_000 });
    for (const id of ids) {
      await shared.enqueue(id);
      await shared.settle(id);
    }
    for (const id of ids) {
      expect(await shared.ended(id)).toMatchObject({ status: 'succeeded' });
      await shared.released(id);
    }
  });

  describe('asked to stop a job', () => {
    it('halts its workers, then ends it, then lets go of everything', async () => {
      const compute = new WatchedCompute();
      const { id } = await running({}, compute);
      await shared.enqueue(id);
      await shared.decide(jobStopRequested({ jobId: id, reason: apiDeleted }));
      expect(await shared.ended(id)).toEqual({
        jobId: id,
        status: 'stopped',
        reason: apiDeleted,
        completionHook: null,
      });
      await shared.released(id);
      expect(compute.asked).toEqual(['halt', 'stop']);
    });

    it('gives up the hook of a job that was settled', async () => {
      let isCalled = false;
      const { id } = await running(
        {},
        silent(() => (isCalled = true)),
      );
      await shared.enqueue(id);
      await shared.settle(id);
      await until('the hook call', () => isCalled);
      await shared.decide(jobStopRequested({ jobId: id }));
      expect(await shared.ended(id)).toMatchObject({ status: 'stopped', completionHook: null });
      await shared.released(id);
    });
  });

  describe('of a job whose API is deleted', () => {
    const gone = {
      status: 'stopped',
      reason: { kind: 'api.deleted', message: 'the API sum was deleted' },
      completionHook: null,
    };

    it('stops it, whether or not whoever deleted it did', async () => {
      const compute = new WatchedCompute();
      const { id } = await running({}, compute);
      await shared.decide(anApiDeleted());
      expect(await shared.ended(id)).toMatchObject(gone);
      await shared.released(id);
      expect(compute.asked).toEqual(['halt', 'stop']);
    });

    it('stops one that was submitted while its API was being deleted', async () => {
      await shared.decide(anApiDeployed());
      await shared.decide(anApiDeleted());
      lead();
      const id = await shared.submit();
      expect(await shared.ended(id)).toMatchObject(gone);
      await shared.released(id);
    });

    it('gives up its hook', async () => {
      let isCalled = false;
      const { id } = await running(
        {},
        silent(() => (isCalled = true)),
      );
      await shared.enqueue(id);
      await shared.settle(id);
      await until('the hook call', () => isCalled);
      await shared.decide(anApiDeleted());
      expect(await shared.ended(id)).toMatchObject(gone);
    });
  });

  describe('at the deadline of a job', () => {
    it('halts the workers of a job that runs, and ends it', async () => {
      const compute = new WatchedCompute();
      const { id } = await running({ timeoutMs: SHORT_TIMEOUT_MS }, compute);
      expect(await shared.ended(id)).toMatchObject({
        status: 'timed_out',
        reason: { kind: 'job.timed_out' },
      });
      await shared.released(id);
      expect(compute.asked).toEqual(['halt', 'stop']);
    });

    it('gives up the hook of a job whose batches are settled', async () => {
      const { id } = await running({ timeoutMs: 1000 }, silent());
      await shared.enqueue(id);
      await shared.settle(id);
      expect(await shared.ended(id)).toMatchObject({
        status: 'succeeded',
        completionHook: { result: 'failed', attempts: 0, message: 'given up' },
      });
      await shared.released(id);
    });
  });

  it('ends a job whose enqueuing failed', async () => {
    const { id } = await running();
    await shared.decide(enqueuingFailed({ jobId: id }));
    expect(await shared.ended(id)).toMatchObject({
      status: 'enqueue_failed',
      reason: { kind: 'input.missing' },
    });
    await shared.released(id);
  });

  it('ends a job whose specification is not in the log', async () => {
    lead();
    const id = await shared.submit({ apiId: apiId('unheard-of') });
    expect(await shared.ended(id)).toMatchObject({
      status: 'unexpected_error',
      reason: { kind: 'api.specification_missing' },
    });
    await shared.released(id);
  });

  describe('losing workers', () => {
    it('goes on as long as one is there or comes back', async () => {
      const { id, candidate } = await running();
      candidate.compute.crash(id, workerId(0), { isLost: true });
      candidate.compute.crash(id, workerId(1), { isLost: false });
      await shared.enqueue(id);
      await shared.settle(id);
      expect(await shared.ended(id)).toMatchObject({ status: 'succeeded' });
    });

    it('ends a job that has lost all', async () => {
      const { id, candidate } = await running();
      for (const ordinal of [0, 1]) {
        candidate.compute.crash(id, workerId(ordinal), { isLost: true });
      }
      expect(await shared.ended(id)).toMatchObject({
        status: 'worker_error',
        reason: { kind: 'worker.died' },
      });
      await shared.released(id);
    });

    it('says so when memory was the reason', async () => {
      const { id, candidate } = await running();
      const reason = { kind: 'worker.oom', message: 'killed by signal 9' };
      const oom = { jobId: id, workerId: workerId(1), state: 'failed', reason } as const;
      await shared.record(workerStateChanged(oom));
      candidate.compute.crash(id, workerId(0), { isLost: true });
      expect(await shared.ended(id)).toMatchObject({ status: 'worker_oom', reason });
    });

    it('finishes a settled job without its hook when all are lost during the call', async () => {
      const compute: InMemoryCompute = new WatchedCompute(async () => {
        for (const ordinal of [0, 1]) compute.crash(A_JOB, workerId(ordinal), { isLost: true });
        throw new NoLiveWorker('died during the call');
      });
      const { id } = await running({}, compute);
      await shared.enqueue(id);
      await shared.settle(id);
      expect(await shared.ended(id)).toMatchObject({
        status: 'succeeded',
        completionHook: { result: 'failed', attempts: 0, message: 'no worker was left to call it' },
      });
    });
  });
});
