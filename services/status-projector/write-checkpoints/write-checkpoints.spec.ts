import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LogCheckpointed } from '#libs/domain/audit/audit.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { chainProblem } from '#libs/domain/audit/checkpoint-chain.ts';
import { digestOf } from '#libs/audit/event-digest.ts';
import { IntervalHash } from '#libs/audit/interval-hash.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import {
  type DecisionLane,
  EventStoreUnavailable,
  type Fact,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { aCheckpoint } from '#test/support/audit.builders.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { until } from '#test/support/until.ts';
import { writeCheckpoints, type WriteCheckpointsDeps } from './write-checkpoints.ts';

const LONG_MS = 3_600_000;
const lane = { kind: 'batch', apiName: apiName('sum'), jobId: A_JOB } as const;

/** Its next append of a checkpoint is not answered. */
class UnansweringStore extends InMemoryEventStore {
  isDown = false;
  refusalCount = 0;

  override async append<E extends PlatformEvent>(
    to: DecisionLane<E>,
    fact: Fact<E>,
    version: number,
  ): Promise<number> {
    if (!this.isDown) return super.append(to, fact, version);
    this.isDown = false;
    this.refusalCount += 1;
    throw new EventStoreUnavailable('down');
  }
}

let store: UnansweringStore;
let stop: AbortController;
let running: Promise<void>[];

beforeEach(() => {
  store = new UnansweringStore();
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

const recordBatches = (count: number, first = 0): Promise<void> =>
  store.record(
    lane,
    Array.from({ length: count }, (_, n) => {
      const event = batchSucceeded({ index: first + n });
      return { id: eventId(event), at: '2026-11-23T10:00:00.000Z', event };
    }),
  );

function start(
  rule: WriteCheckpointsDeps['rule'],
  ready: () => Promise<void> = () => Promise.resolve(),
): void {
  const lease = new InMemoryLeaderLease();
  const deps = { store, lease, rule, clock: systemClock, logger: silentLogger };
  running.push(writeCheckpoints(deps, stop.signal, ready));
}

const checkpoints = async (): Promise<LogCheckpointed['data'][]> => {
  const { events } = await store.read<LogCheckpointed>({ kind: 'audit' });
  return events.map(({ event }) => event.data);
};
const untilWritten = (count: number): Promise<unknown> =>
  until(`${count} checkpoints`, async () => (await checkpoints()).length >= count);

/** What a checkpoint over everything up to `position` would say. */
async function hashedAnew(after: number, position: number, previous: string | null) {
  const hash = new IntervalHash(previous);
  for await (const events of store.followStored(after, stop.signal)) {
    const wanted = events.filter((event: StoredEvent) => event.position <= position);
    for (const event of wanted) hash.add(event.position, digestOf(event));
    break;
  }
  return hash.seal();
}

describe('checkpoints', () => {
  it('are written at so many events, one behind the other, over every event', async () => {
    await recordBatches(25);
    start({ eventCountMax: 10, intervalMs: LONG_MS });
    await untilWritten(2);
    const [first, second] = await checkpoints();
    expect(first).toEqual(await hashedAnew(0, 10, null));
    expect(second).toEqual(await hashedAnew(10, 20, first?.sha256 ?? ''));
    await recordBatches(3, 25); // With both checkpoints that makes ten.
    await untilWritten(3);
    const third = (await checkpoints())[2];
    expect(third).toMatchObject({ firstPosition: 21, position: 30, eventCount: 10 });
    expect(third && second ? chainProblem(second, third) : 'missing').toBeNull();
  });

  it('are written when the interval is over, and no more of a log in which nothing happens', async () => {
    start({ eventCountMax: 1000, intervalMs: 30 });
    await recordBatches(2);
    await untilWritten(1);
    await until('the next interval to be over', async () => {
      const { storedAt = '' } = (await store.momentAt(await store.lastPosition())) ?? {};
      return Date.now() > Date.parse(storedAt) + 200;
    });
    expect(await store.lastPosition()).toBe(3);
    await recordBatches(1, 2);
    await untilWritten(2);
    expect((await checkpoints())[1]).toMatchObject({
      firstPosition: 3,
      position: 4,
      eventCount: 2,
    });
  });

  it('go on from the newest one after a restart', async () => {
    await recordBatches(5);
    const first = await hashedAnew(0, 5, null);
    const event = aCheckpoint(first);
    await store.append({ kind: 'audit' }, { id: 'x', at: '2026-11-23T10:00:00.000Z', event }, 0);
    await recordBatches(5, 5);
    start({ eventCountMax: 6, intervalMs: LONG_MS });
    await untilWritten(2);
    expect((await checkpoints())[1]).toEqual(await hashedAnew(5, 11, first.sha256));
  });

  it('of several writers make one chain', async () => {
    for (let writer = 0; writer < 3; writer++) start({ eventCountMax: 10, intervalMs: LONG_MS });
    for (let first = 0; first < 100; first += 10) await recordBatches(10, first);
    await untilWritten(10);
    let previous: LogCheckpointed['data'] | null = null;
    for (const next of await checkpoints()) {
      expect(chainProblem(previous, next)).toBeNull();
      expect(next).toEqual(
        await hashedAnew(next.firstPosition - 1, next.position, previous?.sha256 ?? null),
      );
      previous = next;
    }
  });

  it('are written after an append that failed', async () => {
    store.isDown = true;
    start({ eventCountMax: 5, intervalMs: LONG_MS });
    await recordBatches(5);
    await untilWritten(1);
    expect(store.refusalCount).toBe(1);
    expect(await checkpoints()).toEqual([await hashedAnew(0, 5, null)]);
  });

  it('wait for whoever reads the log first', async () => {
    const { promise: ready, resolve: finish } = Promise.withResolvers<void>();
    await recordBatches(5);
    start({ eventCountMax: 5, intervalMs: LONG_MS }, () => ready);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await checkpoints()).toEqual([]);
    finish();
    await untilWritten(1);
  });

  it('begins later when the log could not be asked at first', async () => {
    await recordBatches(5);
    let asked = 0;
    start({ eventCountMax: 5, intervalMs: LONG_MS }, async () => {
      if (++asked === 1) throw new EventStoreUnavailable('down');
    });
    await untilWritten(1);
    expect(asked).toBe(2);
  });
});
