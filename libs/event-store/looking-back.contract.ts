import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LogCheckpointed } from '#libs/domain/audit/audit.events.ts';
import { aCheckpoint } from '#test/support/audit.builders.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { storedEvents } from '#test/support/sealed-log.ts';
import { until } from '#test/support/until.ts';
import { webhookDelivered } from '#test/support/webhook.builders.ts';
import {
  API,
  batchLane,
  factOf,
  jobLane,
  type OpenedStore,
  OTHER_JOB,
  positionsOf,
  stopRequested,
  submitted,
  succeeded,
} from './event-store.contract.ts';
import { encodeEvent } from './codec/event-codec.ts';
import { EMPTY_LANE, type EventStore, type LogEntry, VersionConflict } from './event-store.port.ts';
import { addressOf, subjectOf } from './lane.ts';

const typesIn = (entries: readonly LogEntry[]): string[] =>
  entries.flatMap((entry) => (entry.kind === 'event' ? [entry.logged.event.type] : []));

/** A time at which nothing more is stored under the clock's last reading. */
async function aMomentLater(store: EventStore): Promise<Date> {
  const { storedAt } = (await store.momentAt(await store.lastPosition())) ?? { storedAt: '' };
  const time = new Date(Date.parse(storedAt) + 1);
  await until('the clock to go on', () => Date.now() > time.getTime() + 1);
  return time;
}

/** The part of what every `EventStore` must do that is about one job and about earlier moments. */
export function lookingBackContract(open: () => Promise<OpenedStore>): void {
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

  const historyOf = async (job = A_JOB, after?: number): Promise<LogEntry[]> => {
    const entries: LogEntry[] = [];
    for await (const entry of store.history(API, job, after)) entries.push(entry);
    return entries;
  };
  describe('the history of a job', () => {
    it('holds its lanes in log order and nothing of others', async () => {
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await store.record(batchLane(), [factOf(batchSucceeded())]);
      await store.append(jobLane(), stopRequested(), (await store.read(jobLane())).version);
      const types = typesIn(await historyOf());
      expect(types).toEqual(['JobSubmitted', 'BatchSucceeded', 'JobStopRequested']);
    });

    it('holds what became of its webhook', async () => {
      const lane = { kind: 'webhook', apiName: API, jobId: A_JOB } as const;
      await store.record(lane, [factOf(webhookDelivered())]);
      expect(await historyOf()).toMatchObject([{ logged: { event: webhookDelivered() } }]);
    });

    it('is empty for a job that is not known', async () => {
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      expect(await historyOf()).toEqual([]);
    });

    it('starts behind any position of the log', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await store.record(batchLane(OTHER_JOB), succeeded(3));
      await store.record(batchLane(), succeeded(9, 3));
      const all = positionsOf(await historyOf());
      for (const [place, position] of all.entries()) {
        expect(positionsOf(await historyOf(A_JOB, position))).toEqual(all.slice(place + 1));
      }
      const [ofOther = 0] = positionsOf(await historyOf(OTHER_JOB));
      expect(positionsOf(await historyOf(A_JOB, ofOther))).toEqual(all.slice(1));
      expect(await historyOf(A_JOB, (await store.lastPosition()) + 1000)).toEqual([]);
    });
  });

  describe('following one job', () => {
    it('gives its events as they come, and nothing of others', async () => {
      const first = await store.append(jobLane(), submitted(), EMPTY_LANE);
      const follower = store.follow(first, stop.signal, { apiName: API, jobId: A_JOB });
      const reader = follower[Symbol.asyncIterator]();
      const next = reader.next();
      await store.append(jobLane(OTHER_JOB), submitted(OTHER_JOB), EMPTY_LANE);
      await store.record(batchLane(OTHER_JOB), succeeded(3));
      await store.record(batchLane(), [factOf(batchSucceeded({ index: 7 }))]);
      expect((await next).value).toMatchObject([
        { logged: { event: { type: 'BatchSucceeded', data: { index: 7 } } } },
      ]);
      const late = reader.next();
      stop.abort();
      expect(await late).toEqual({ done: true, value: undefined });
    });
  });

  describe('the newest event of a lane', () => {
    it('is none of an empty lane', async () => {
      expect(await store.newest(jobLane())).toEqual({ logged: null, version: EMPTY_LANE });
    });

    it('is the last one, with the version to append behind it', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      const { version: once } = await store.newest(jobLane());
      const position = await store.append(jobLane(), stopRequested(), once);
      await store.record(batchLane(), succeeded(2));
      const newest = await store.newest(jobLane());
      expect(newest.logged).toEqual({ position, ...stopRequested() });
      expect(newest.version).toBe((await store.read(jobLane())).version);
    });

    it('of the lane of checkpoints is the last checkpoint', async () => {
      await store.append({ kind: 'audit' }, factOf(aCheckpoint()), EMPTY_LANE);
      const { logged, version } = await store.newest<LogCheckpointed>({ kind: 'audit' });
      expect(logged?.event).toEqual(aCheckpoint());
      const late = store.append(
        { kind: 'audit' },
        factOf(aCheckpoint({ position: 7 })),
        EMPTY_LANE,
      );
      await expect(late).rejects.toBeInstanceOf(VersionConflict);
      await store.append({ kind: 'audit' }, factOf(aCheckpoint({ position: 7 })), version);
      expect((await store.read<LogCheckpointed>({ kind: 'audit' })).events).toHaveLength(2);
    });
  });

  describe('following the log as it is stored', () => {
    it('gives every event with its bytes, its lane and when it was stored', async () => {
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      await store.record(batchLane(), succeeded(1));
      await store.append({ kind: 'audit' }, factOf(aCheckpoint()), EMPTY_LANE);
      const events = await storedEvents(store);
      expect(events.map(({ subject }) => subject)).toEqual([
        subjectOf(jobLane()),
        subjectOf(batchLane()),
        'cortex.events._log.audit',
      ]);
      const [first] = events;
      const { payload, ceType } = encodeEvent(submitted().event);
      expect(first?.cloudEvent).toMatchObject({
        ...addressOf(jobLane()),
        id: submitted().id,
        type: ceType,
        time: submitted().at,
        datacontenttype: 'application/json',
      });
      expect(Buffer.from(first?.cloudEvent.data ?? []).toString()).toBe(
        Buffer.from(payload).toString(),
      );
      for (const { position, storedAt } of events) {
        expect(await store.momentAt(position)).toEqual({ position, storedAt });
      }
    });

    it('starts behind a position and goes on with what comes', async () => {
      await store.record(batchLane(), succeeded(10));
      const positions = (await storedEvents(store)).map(({ position }) => position);
      const lastThree = (await storedEvents(store, positions[6])).map(({ position }) => position);
      expect(lastThree).toEqual(positions.slice(7));
      const follower = store.followStored(positions[9] ?? 0, stop.signal)[Symbol.asyncIterator]();
      const next = follower.next();
      await store.append(jobLane(), submitted(), EMPTY_LANE);
      expect((await next).value).toMatchObject([{ cloudEvent: { id: submitted().id } }]);
      const late = follower.next();
      stop.abort();
      expect(await late).toEqual({ done: true, value: undefined });
    });
  });

  describe('a moment of the log', () => {
    it('is that of the newest event stored by a time, whatever is stored later', async () => {
      const before = new Date(Date.now() - 60_000);
      const first = await store.append(jobLane(), submitted(), EMPTY_LANE);
      const between = await aMomentLater(store);
      await store.record(batchLane(), succeeded(5));
      const after = await aMomentLater(store);

      expect(await store.momentAt(before)).toBeNull();
      expect(await store.momentAt(between)).toMatchObject({ position: first });
      expect(await store.momentAt(after)).toMatchObject({ position: await store.lastPosition() });
    });

    it('says when the event at a position was stored', async () => {
      const start = Date.now();
      await store.record(batchLane(), succeeded(3));
      const positions = positionsOf(await historyOf());
      for (const position of positions) {
        const moment = await store.momentAt(position);
        expect(moment?.position).toBe(position);
        const storedAtMs = Date.parse(moment?.storedAt ?? '');
        expect(storedAtMs).toBeGreaterThanOrEqual(start);
        expect(storedAtMs).toBeLessThanOrEqual(Date.now());
      }
      expect((await store.momentAt(10 ** 12))?.position).toBe(positions.at(-1));
      expect(await store.momentAt(0)).toBeNull();
    });

    it('is none in an empty log', async () => {
      expect(await store.momentAt(new Date())).toBeNull();
      expect(await store.momentAt(1)).toBeNull();
    });
  });
}
