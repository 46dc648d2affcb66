import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { jobArchived } from '#test/support/archive.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { storedEvents } from '#test/support/sealed-log.ts';
import {
  API,
  batchLane,
  factOf,
  jobLane,
  type OpenedStore,
  OTHER_JOB,
  stopRequested,
  submitted,
  succeeded,
} from './event-store.contract.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  type EventStore,
  VersionConflict,
} from './event-store.port.ts';
import type { StoredEvent } from './stored-event.ts';

const JOB = { apiName: API, jobId: A_JOB };
const archiveLane = (job = A_JOB): DecisionLane<JobArchived> => ({
  kind: 'archive',
  apiName: API,
  jobId: job,
});

async function collected<T>(all: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of all) items.push(item);
  return items;
}

/** Two jobs, event by event in turn. */
async function writeTwoJobs(store: EventStore): Promise<void> {
  await store.append(jobLane(), submitted(), EMPTY_LANE);
  await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
  await store.record(batchLane(), succeeded(2));
  await store.record(batchLane(OTHER_JOB), succeeded(1, 7));
  await store.append(jobLane(), stopRequested(), (await store.read(jobLane())).version);
}

const ofJob = ({ subject }: StoredEvent): boolean => subject.includes(A_JOB);

/** What every `EventStore` must do, also one from which nothing can be removed. */
export function archiveLaneContract(open: () => Promise<OpenedStore>): void {
  let opened: OpenedStore;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(() => opened.close());

  describe('a job that is archived', () => {
    it('is said to be so once', async () => {
      const { store } = opened;
      const fact = factOf(jobArchived({ jobId: A_JOB, apiName: API }));
      await store.append(archiveLane(), fact, EMPTY_LANE);
      const again = store.append(archiveLane(), { ...fact, id: 'another' }, EMPTY_LANE);
      await expect(again).rejects.toBeInstanceOf(VersionConflict);
      expect((await store.newest(archiveLane())).logged?.event).toEqual(fact.event);
      expect((await store.newest(archiveLane(OTHER_JOB))).logged).toBeNull();
      expect(await collected(store.history(API, A_JOB))).toEqual([]);
    });
  });
}

/** What every `EventStore` must do that lets go of archived jobs. */
export function archivingContract(open: () => Promise<OpenedStore>): void {
  let opened: OpenedStore;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(() => opened.close());

  describe('a job that is to be archived', () => {
    it('is read as it is stored', async () => {
      const { store } = opened;
      await writeTwoJobs(store);
      const expected = (await storedEvents(store)).filter(ofJob);
      expect(expected).toHaveLength(4);
      expect(await collected(store.storedHistory(JOB))).toEqual(expected);
      expect(await collected(store.storedHistory({ ...JOB, jobId: jobId('none') }))).toEqual([]);
    });
  });

  describe('which jobs are archived', () => {
    it('is told in the order of the log, from any position on', async () => {
      const { store } = opened;
      await writeTwoJobs(store);
      const facts = [A_JOB, OTHER_JOB].map((job) =>
        factOf(jobArchived({ jobId: job, apiName: API })),
      );
      for (const fact of facts) {
        await store.append(archiveLane(fact.event.data.jobId), fact, EMPTY_LANE);
      }
      const all = await collected(store.archives(0));
      expect(all.map(({ event }) => event)).toEqual(facts.map(({ event }) => event));
      expect(await collected(store.archives(all[0]?.position ?? 0))).toEqual(all.slice(1));
      expect(await collected(store.archives(all[1]?.position ?? 0))).toEqual([]);
    });
  });

  describe('purging a job', () => {
    it('removes what was recorded of it up to a position, and of others nothing', async () => {
      const { store } = opened;
      await writeTwoJobs(store);
      const before = await storedEvents(store);
      const last = await store.lastPosition();
      await store.purge(JOB, last - 1);
      const left = before.filter((event) => !ofJob(event) || event.position === last);
      expect(await storedEvents(store)).toEqual(left);
      expect(await store.lastPosition()).toBe(last);
      await store.purge(JOB, last - 1);
      expect(await storedEvents(store)).toEqual(left);
    });

    it('leaves a gap that moments are found around', async () => {
      const { store } = opened;
      await writeTwoJobs(store);
      const [, second] = await storedEvents(store);
      await store.record(batchLane(OTHER_JOB), succeeded(1, 8));
      await store.purge(JOB, await store.lastPosition());
      expect(await store.momentAt(1)).toBeNull();
      expect(await store.momentAt(4)).toMatchObject({ position: second?.position });
    });

    it('leaves an empty lane, which can be appended to', async () => {
      const { store } = opened;
      await writeTwoJobs(store);
      await store.purge(JOB, await store.lastPosition());
      expect(await store.read(jobLane())).toEqual({ events: [], version: EMPTY_LANE });
      expect(await collected(store.history(API, A_JOB))).toEqual([]);
      const late = { ...stopRequested(), id: 'late' };
      await store.append(jobLane(), late, EMPTY_LANE);
      expect(await collected(store.history(API, A_JOB))).toHaveLength(1);
    });
  });
}
