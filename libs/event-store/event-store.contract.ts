import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import type { BatchEvent, BatchSucceeded } from '#libs/domain/batch/batch.events.ts';
import type { IdempotencyKeyClaimed } from '#libs/domain/idempotency/idempotency.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { apiId, apiName, type JobId, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { anApiDeleted, anApiDeployed } from '#test/support/api.builders.ts';
import { batchSucceeded, jobStarted } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted, jobStopRequested } from '#test/support/job.builders.ts';
import { eventId } from './event-ids.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  type EventStore,
  type Fact,
  type FactLane,
  type LogEntry,
  VersionConflict,
} from './event-store.port.ts';

export const API = apiName('sum');
export const OTHER_JOB = jobId('00000000000000bb');
const AT = '2026-01-02T03:04:05.678Z';

export const jobLane = (job = A_JOB): DecisionLane<JobEvent> => ({
  kind: 'job',
  apiName: API,
  jobId: job,
});
export const batchLane = (job = A_JOB): FactLane<BatchEvent> => ({
  kind: 'batch',
  apiName: API,
  jobId: job,
});
const apiLane: DecisionLane<ApiEvent> = { kind: 'api', apiName: API };

export const factOf = <E extends PlatformEvent>(event: E): Fact<E> => ({
  id: eventId(event),
  at: AT,
  event,
});
export const submitted = (job = A_JOB): Fact<JobEvent> => factOf(aJobSubmitted({ jobId: job }));
export const stopRequested = (job = A_JOB): Fact<JobEvent> =>
  factOf(jobStopRequested({ jobId: job }));
export const succeeded = (count: number, first = 0): Fact<BatchSucceeded>[] =>
  Array.from({ length: count }, (_, n) => factOf(batchSucceeded({ index: first + n })));

const claim = (job: JobId): Fact<IdempotencyKeyClaimed> =>
  factOf({ type: 'IdempotencyKeyClaimed', data: { jobId: job, bodySha256: 'cd' } });

export const positionsOf = (entries: readonly LogEntry[]): number[] =>
  entries.map((entry) =>
    entry.kind === 'event' ? entry.logged.position : entry.unreadable.position,
  );

export interface OpenedStore {
  readonly store: EventStore;
  close(): Promise<void>;
}

/** What every `EventStore` must do. `open` gives an empty one. */
export function eventStoreContract(open: () => Promise<OpenedStore>): void {
  describe('EventStore contract', () => {
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

    /** Entries from `after` on, until there are `count`. */
    const followed = async (after: number, count: number): Promise<LogEntry[]> => {
      const entries: LogEntry[] = [];
      for await (const group of store.follow(after, stop.signal)) {
        entries.push(...group);
        if (entries.length >= count) break;
      }
      return entries;
    };
    /** How many events there are, once all that were recorded before have come by. */
    const recordedCount = async (): Promise<number> => {
      const last = await store.lastPosition();
      let count = 0;
      for await (const group of store.follow(0, stop.signal)) {
        count += group.length;
        if (last <= (positionsOf(group).at(-1) ?? 0)) break;
      }
      return count;
    };
    const version = async (): Promise<number> => (await store.read(jobLane())).version;

    describe('a lane', () => {
      it('is empty when nothing was appended', async () => {
        expect(await store.read(jobLane())).toEqual({ events: [], version: EMPTY_LANE });
        expect(await store.lastPosition()).toBe(0);
      });

      it('reads back what was appended, in order, with everything the facts said', async () => {
        const first = await store.append(jobLane(), submitted(), EMPTY_LANE);
        const second = await store.append(jobLane(), stopRequested(), await version());

        const { events } = await store.read(jobLane());

        expect(events).toEqual([
          { position: first, ...submitted() },
          { position: second, ...stopRequested() },
        ]);
        expect(second).toBeGreaterThan(first);
        expect(await store.lastPosition()).toBe(second);
      });

      it('refuses an append at a version it is no longer at', async () => {
        await store.append(jobLane(), submitted(), EMPTY_LANE);
        const late = store.append(jobLane(), stopRequested(), EMPTY_LANE);
        await expect(late).rejects.toBeInstanceOf(VersionConflict);
        expect((await store.read(jobLane())).events).toHaveLength(1);
      });

      it('refuses an append at a version it never was at', async () => {
        const early = store.append(jobLane(), submitted(), 7);
        await expect(early).rejects.toBeInstanceOf(VersionConflict);
        expect((await store.read(jobLane())).events).toEqual([]);
      });

      it('refuses a repeated append: the first one is in the lane', async () => {
        await store.append(jobLane(), submitted(), EMPTY_LANE);
        const again = store.append(jobLane(), submitted(), EMPTY_LANE);
        await expect(again).rejects.toBeInstanceOf(VersionConflict);
        expect((await store.read(jobLane())).events).toHaveLength(1);
      });

      it('lets exactly one of ten racing writers win', async () => {
        const racers = Array.from({ length: 10 }, (_, n) =>
          store.append(jobLane(), { ...submitted(), id: `racer-${n}` }, EMPTY_LANE),
        );
        const results = await Promise.allSettled(racers);
        const losers = results.filter((result) => result.status === 'rejected');
        expect(losers).toHaveLength(9);
        for (const { reason } of losers) expect(reason).toBeInstanceOf(VersionConflict);
        expect((await store.read(jobLane())).events).toHaveLength(1);
      });

      it('is not touched by what is appended to others', async () => {
        await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
        await store.record(batchLane(), succeeded(3));
        await store.append(apiLane, factOf(anApiDeployed()), EMPTY_LANE);
        expect(await store.read(jobLane())).toEqual({ events: [], version: EMPTY_LANE });
        await store.append(jobLane(), submitted(), EMPTY_LANE);
        expect((await store.read(jobLane())).events).toHaveLength(1);
      });

      it('of an API holds its deployments', async () => {
        const deployed = factOf(anApiDeployed({ apiId: apiId('v1') }));
        await store.append(apiLane, deployed, EMPTY_LANE);
        const { version: deployedOnce } = await store.read(apiLane);
        await store.append(apiLane, factOf(anApiDeleted({ apiId: apiId('v1') })), deployedOnce);
        const { events } = await store.read(apiLane);
        expect(events.map(({ event }) => event.type)).toEqual(['ApiDeployed', 'ApiDeleted']);
      });

      it('of an idempotency key is claimed once', async () => {
        const lane: DecisionLane<IdempotencyKeyClaimed> = {
          kind: 'idempotency-key',
          apiName: API,
          keySha256: 'ab'.repeat(32),
        };
        await store.append(lane, claim(A_JOB), EMPTY_LANE);
        await expect(store.append(lane, claim(OTHER_JOB), EMPTY_LANE)).rejects.toBeInstanceOf(
          VersionConflict,
        );
        expect((await store.read<IdempotencyKeyClaimed>(lane)).events[0]?.event.data.jobId).toBe(
          A_JOB,
        );
      });
    });

    describe('facts', () => {
      it('are all in the log when recording resolves', async () => {
        await store.record(batchLane(), succeeded(500));
        expect(await recordedCount()).toBe(500);
      });

      it('are stored once when they are recorded again', async () => {
        await store.record(batchLane(), succeeded(3));
        await store.record(batchLane(), succeeded(5));
        expect(await recordedCount()).toBe(5);
      });

      it('may be none', async () => {
        await store.record(batchLane(), []);
        expect(await store.lastPosition()).toBe(0);
      });

      it('are recorded by several at a time', async () => {
        await Promise.all(
          [0, 1, 2, 3].map((n) => store.record(batchLane(), succeeded(100, 100 * n))),
        );
        expect(await recordedCount()).toBe(400);
      });
    });

    describe('following the log', () => {
      it('gives every lane in the order of recording, with growing positions', async () => {
        await store.append(apiLane, factOf(anApiDeployed()), EMPTY_LANE);
        await store.append(jobLane(), submitted(), EMPTY_LANE);
        await store.record(batchLane(), [factOf(jobStarted())]);

        const entries = await followed(0, 3);

        expect(entries).toMatchObject([
          { kind: 'event', logged: { event: { type: 'ApiDeployed' }, at: AT } },
          { kind: 'event', logged: { event: { type: 'JobSubmitted' } } },
          { kind: 'event', logged: { event: { type: 'JobStarted' } } },
        ]);
        const positions = positionsOf(entries);
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
        expect(new Set(positions).size).toBe(3);
      });

      it('starts behind a position', async () => {
        await store.record(batchLane(), succeeded(10));
        const positions = positionsOf(await followed(0, 10));
        const entries = await followed(positions[6] ?? 0, 3);
        expect(positionsOf(entries)).toEqual(positions.slice(7));
      });

      it('waits at the end for what comes', async () => {
        const follower = store.follow(0, stop.signal)[Symbol.asyncIterator]();
        const next = follower.next();
        await store.record(batchLane(), [factOf(jobStarted({ workerId: workerId(3) }))]);
        expect((await next).value).toMatchObject([
          { logged: { event: { type: 'JobStarted', data: { workerId: '3' } } } },
        ]);
        await follower.return?.();
      });

      it('ends when it is told to, also while it waits', async () => {
        const follower = store.follow(0, stop.signal)[Symbol.asyncIterator]();
        const next = follower.next();
        stop.abort();
        expect(await next).toEqual({ done: true, value: undefined });
      });

      it('reaches the last position, however many events there are', async () => {
        await store.record(batchLane(), succeeded(10_000));
        const entries = await followed(0, 10_000);
        expect(entries).toHaveLength(10_000);
        expect(entries.at(-1)).toMatchObject({
          logged: { position: await store.lastPosition() },
        });
      });
    });
  });
}
