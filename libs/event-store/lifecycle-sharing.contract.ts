import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { A_JOB } from '#test/support/job.builders.ts';
import {
  API,
  batchLane,
  jobLane,
  type OpenedStore,
  OTHER_JOB,
  submitted,
  succeeded,
} from './event-store.contract.ts';
import { EMPTY_LANE, type EventStore, type LifecycleDelivery } from './event-store.port.ts';

async function nextDelivery(group: AsyncIterator<LifecycleDelivery>): Promise<LifecycleDelivery> {
  const { done, value } = await group.next();
  if (done === true) throw new Error('the group has ended');
  return value;
}

/** The part of what every `EventStore` must do that is about groups. `open` gives an empty one. */
export function lifecycleSharingContract(open: () => Promise<OpenedStore>): void {
  let store: EventStore;
  let close: () => Promise<void>;
  let stop: AbortController;

  beforeEach(async () => {
    stop = new AbortController();
    const opened = await open();
    store = opened.store;
    close = () => opened.close();
  });
  afterEach(async () => {
    stop.abort();
    await close();
  });

  const join = (name: string, leaseMs = 10_000): AsyncIterator<LifecycleDelivery> =>
    store.shareLifecycle(name, { leaseMs, signal: stop.signal })[Symbol.asyncIterator]();

  describe('sharing lifecycle events', () => {
    it('gives the events of all jobs, from the start of the log', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await store.record(batchLane(), succeeded(2));
      const group = join('g');
      const first = await nextDelivery(group);
      expect(first).toMatchObject({ apiName: API, logged: submitted() });
      await first.done();
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      const second = await nextDelivery(group);
      expect(second.logged.event.data.jobId).toBe(OTHER_JOB);
    });

    it('gives each event to one member of a group, and to every group', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      const taken = await Promise.all([join('g'), join('g')].map(nextDelivery));
      expect(new Set(taken.map(({ logged }) => logged.event.data.jobId))).toEqual(
        new Set([A_JOB, OTHER_JOB]),
      );
      expect((await nextDelivery(join('other'))).logged.event.data.jobId).toBe(A_JOB);
    });

    it('offers an event again when its lease has run out', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await nextDelivery(join('g', 200));
      const again = await nextDelivery(join('g', 200));
      expect(again.logged.event.data.jobId).toBe(A_JOB);
    });

    it('offers an event again after a delay when asked to', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      const group = join('g');
      const startedAt = performance.now();
      (await nextDelivery(group)).retry(150);
      const again = await nextDelivery(group);
      expect(again.logged.event.data.jobId).toBe(A_JOB);
      expect(performance.now() - startedAt).toBeGreaterThan(100);
    });

    it('keeps a renewed event with its member', async () => {
      const leaseMs = 1000;
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      const held = await nextDelivery(join('g', leaseMs));
      // Often: a busy machine may well keep renewals from going out for most of a lease.
      const renewing = setInterval(() => held.renew(), leaseMs / 20);
      const other = join('g', leaseMs);
      const taken = nextDelivery(other);
      // The event that is appended three leases later comes first: nobody else got the other.
      await new Promise((resolve) => setTimeout(resolve, 3 * leaseMs));
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      expect((await taken).logged.event.data.jobId).toBe(OTHER_JOB);
      clearInterval(renewing);
      await held.done();
    });

    it('does not offer again what is done', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await (await nextDelivery(join('g', 200))).done();
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      const next = await nextDelivery(join('g', 200));
      expect(next.logged.event.data.jobId).toBe(OTHER_JOB);
    });

    it('ends when it is told to, also while it waits', async () => {
      const next = join('g').next();
      stop.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    });
  });
}
