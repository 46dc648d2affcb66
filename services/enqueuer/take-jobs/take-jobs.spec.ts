import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, install } from '@sinonjs/fake-timers';
import type { JobEvent, JobSubmitted } from '#libs/domain/job/job.events.ts';
import { type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EventStoreUnavailable } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { aJobSubmitted, enqueuingCompleted, jobStopRequested } from '#test/support/job.builders.ts';
import { until } from '#test/support/until.ts';
import { type JobWork, TakeJobs } from './take-jobs.ts';

const LEASE_MS = 90;
/** Longer than a test, also on a machine that stands still for a while. */
const LONG_LEASE_MS = 600_000;
const idOf = (digit: number): JobId => jobId(String(digit).repeat(16));

/** Work that goes on until the test ends it. */
class HeldWork implements JobWork {
  readonly started: JobId[] = [];
  readonly failed: (readonly [JobId, string])[] = [];
  readonly aborted: JobId[] = [];
  isFailingToFail = false;
  private readonly ends = new Map<JobId, (error: Error | null) => void>();

  execute({ jobId: id }: JobSubmitted['data'], signal: AbortSignal): Promise<void> {
    this.started.push(id);
    return new Promise((resolve, reject) => {
      this.ends.set(id, (error) => (error === null ? resolve() : reject(error)));
      signal.addEventListener('abort', () => {
        this.aborted.push(id);
        reject(new Error('told to end', { cause: signal.reason }));
      });
    });
  }

  async fail({ jobId: id }: JobSubmitted['data'], message: string): Promise<void> {
    this.failed.push([id, message]);
    if (this.isFailingToFail) throw new EventStoreUnavailable('away');
  }

  end(id: JobId, error: Error | null = null): void {
    this.ends.get(id)?.(error);
  }
}

describe('TakeJobs', () => {
  let store: InMemoryEventStore;
  let stopping: AbortController;
  let running: Promise<void>[];
  let time: Clock | null;

  beforeEach(() => {
    store = new InMemoryEventStore();
    stopping = new AbortController();
    running = [];
    time = null;
  });
  afterEach(async () => {
    stopping.abort();
    await Promise.all(running);
    time?.uninstall();
  });

  /** From here on leases end by `tickAsync`, and the machine's pace is nothing to them. */
  const stopTime = (): Clock => {
    const toFake = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] as const;
    return (time = install({ toFake: [...toFake] }));
  };

  /** A process that takes jobs. */
  const take = ({
    jobsMax = 4,
    leaseMs = LONG_LEASE_MS,
    signal = stopping.signal,
  } = {}): HeldWork => {
    const work = new HeldWork();
    const takeJobs = new TakeJobs(store, work, {
      leaseMs,
      jobsMax,
      logger: silentLogger,
      isTransient: (error) => error instanceof EventStoreUnavailable,
    });
    running.push(takeJobs.run(signal));
    return work;
  };
  const append = async (event: JobEvent): Promise<void> => {
    const { apiName } = aJobSubmitted().data;
    const lane = { kind: 'job', apiName, jobId: event.data.jobId } as const;
    const { version } = await store.read<JobEvent>(lane);
    await store.append(
      lane,
      { id: eventId(event), at: '2026-11-23T10:00:00.000Z', event },
      version,
    );
  };
  const submit = async (digit: number): Promise<JobId> => {
    await append(aJobSubmitted({ jobId: idOf(digit) }));
    return idOf(digit);
  };

  it('works on jobs that were submitted before and after it started', async () => {
    const before = await submit(1);
    const work = take();
    const after = await submit(2);
    await until('both jobs', () => work.started.length === 2);
    expect(work.started).toEqual([before, after]);
  });

  it('passes over what happens to jobs later', async () => {
    const id = await submit(1);
    await append(enqueuingCompleted({ jobId: id }));
    await append(jobStopRequested({ jobId: id }));
    const next = await submit(2);
    const work = take();
    await until('both jobs', () => work.started.length === 2);
    expect(work.started).toEqual([id, next]);
  });

  it('hands a job that takes longer than the lease to nobody else', async () => {
    const stopped = stopTime();
    const id = await submit(1);
    const works = [take({ leaseMs: LEASE_MS }), take({ leaseMs: LEASE_MS })];
    await stopped.tickAsync(LEASE_MS * 5);
    expect(works.flatMap(({ started }) => started)).toEqual([id]);
    for (const work of works) work.end(id);
  });

  it('is done with a job that is enqueued', async () => {
    const stopped = stopTime();
    const id = await submit(1);
    const work = take({ leaseMs: LEASE_MS });
    await stopped.tickAsync(1);
    expect(work.started).toEqual([id]);
    work.end(id);
    await stopped.tickAsync(LEASE_MS * 3);
    expect(work.started).toEqual([id]);
    expect(work.failed).toEqual([]);
  });

  it('tries again what may succeed later', async () => {
    const id = await submit(1);
    const work = take();
    await until('the job', () => work.started.length === 1);
    work.end(id, new EventStoreUnavailable('away'));
    await until('the job again', () => work.started.length === 2);
    expect(work.failed).toEqual([]);
    work.end(id);
  });

  it('fails a job that nobody can enqueue, and looks at it once more', async () => {
    const id = await submit(1);
    const work = take();
    await until('the job', () => work.started.length === 1);
    work.end(id, new Error('no list'));
    await until('the job again', () => work.started.length === 2);
    expect(work.failed).toEqual([[id, 'Error: no list']]);
    work.end(id);
  });

  it('tries again when the failure cannot be recorded', async () => {
    const id = await submit(1);
    const work = take();
    work.isFailingToFail = true;
    await until('the job', () => work.started.length === 1);
    work.end(id, new Error('no list'));
    await until('the job again', () => work.started.length === 2);
    work.end(id);
  });

  it('works on as many jobs at a time as it is allowed, and then on the next', async () => {
    const ids = [await submit(1), await submit(2), await submit(3)];
    const work = take({ jobsMax: 2 });
    await until('two jobs', () => work.started.length === 2);
    await pause(LEASE_MS * 2);
    expect(work.started).toEqual(ids.slice(0, 2));
    work.end(idOf(2));
    await until('the third', () => work.started.length === 3);
    expect(work.started).toEqual(ids);
  });

  it('ends when it is told to, and hands its work to others at once', async () => {
    const leaving = new AbortController();
    const id = await submit(1);
    const first = take({ signal: leaving.signal });
    await until('the job', () => first.started.length === 1);
    const second = take();
    leaving.abort();
    await running[0];
    expect(first.aborted).toEqual([id]);
    expect(first.failed).toEqual([]);
    await until('the job in other hands', () => second.started.length === 1);
  });

  it('does not end before its work has', async () => {
    await submit(1);
    const work = Promise.withResolvers<void>();
    const stubborn: JobWork = { execute: () => work.promise, fail: () => Promise.resolve() };
    const options = { leaseMs: LEASE_MS, jobsMax: 2, logger: silentLogger };
    const takeJobs = new TakeJobs(store, stubborn, { ...options, isTransient: () => true });
    let isEnded = false;
    const run = takeJobs.run(stopping.signal).finally(() => (isEnded = true));
    await pause(LEASE_MS);
    stopping.abort();
    await pause(LEASE_MS);
    expect(isEnded).toBe(false);
    work.resolve();
    await run;
  });
});
