import * as fc from 'fast-check';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { END_STATUSES } from '#libs/domain/job/job-status-code.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { workerId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import { WORKER_STATES, type WorkerEvent } from '#libs/domain/worker/worker.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import {
  batchDeadLettered,
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
  jobStarted,
} from './batch.builders.ts';
import {
  aJobSubmitted,
  enqueuingCompleted,
  enqueuingFailed,
  jobCompleted,
  jobStopRequested,
} from './job.builders.ts';
import { workerStalled, workerStateChanged } from './worker.builders.ts';

/** A fact with the time it was recorded under. */
export interface TimedEvent<E extends PlatformEvent = PlatformEvent> {
  readonly event: E;
  readonly at: string;
}

const BATCH_COUNT = 12;
const BATCH_SIZE_ITEMS = 10;
const WORKER_COUNT = 3;

/** RFC 3339 times of one day. */
export const times: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 86_399_999 })
  .map((ms) => new Date(Date.UTC(2026, 10, 23) + ms).toISOString());

export const submitted = aJobSubmitted({
  workers: WORKER_COUNT,
  source: {
    kind: 'item_list',
    itemsKey: 'items/1',
    itemCount: BATCH_COUNT * BATCH_SIZE_ITEMS - 3,
    batchSizeItems: BATCH_SIZE_ITEMS,
  },
});

const index = fc.nat({ max: BATCH_COUNT - 1 });
const attempt = fc.integer({ min: 1, max: 4 });
const durationUs = fc.nat({ max: 5_000_000 });

/** A send of some consecutive batches, cut as a resumed enqueuer might cut it: anywhere. */
const enqueued = fc.tuple(index, fc.integer({ min: 1, max: BATCH_COUNT })).map(([first, count]) => {
  const end = Math.min(first + count, BATCH_COUNT);
  const itemsUntil = (batches: number): number =>
    Math.min(batches * BATCH_SIZE_ITEMS, BATCH_COUNT * BATCH_SIZE_ITEMS - 3);
  return batchesEnqueued({
    firstIndex: first,
    batchCount: end - first,
    itemCount: itemsUntil(end) - itemsUntil(first),
    cursor: String(end * 100),
  });
});

const batchEvents: fc.Arbitrary<BatchEvent> = fc.oneof(
  enqueued,
  fc.nat({ max: WORKER_COUNT - 1 }).map((ordinal) => jobStarted({ workerId: workerId(ordinal) })),
  fc.record({ index, attempt, durationUs }).map(batchSucceeded),
  fc
    .record({
      index,
      attempt,
      durationUs,
      next: fc.constantFrom('retry' as const, 'fail' as const, 'dead-letter' as const),
    })
    .map(batchFailed),
  fc.record({ index, attempt }).map(batchDeadLettered),
);

const workerOf = {
  // One more than there are: a fact about a worker the job does not have is about nothing.
  workerId: fc.nat({ max: WORKER_COUNT }).map(workerId),
  restart: fc.nat({ max: 2 }),
};
const reason = fc.option(
  fc.constantFrom({ kind: 'worker.oom', message: 'out of memory' }, { kind: 'x', message: 'y' }),
);
const workerEvents: fc.Arbitrary<WorkerEvent> = fc.oneof(
  fc
    .record({
      ...workerOf,
      reason,
      state: fc.constantFrom(...WORKER_STATES),
      willRestart: fc.boolean(),
    })
    .map(workerStateChanged),
  fc.record(workerOf).map(workerStalled),
);

const lifecycleEvents: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.constant(submitted),
  fc.constant(enqueuingCompleted({ totalBatchCount: BATCH_COUNT })),
  fc.constant(enqueuingFailed()),
  reason.map((why) => jobStopRequested({ reason: why })),
  fc.constantFrom(...END_STATUSES).map((status) => jobCompleted({ status })),
);

const timed = <E extends PlatformEvent>(events: fc.Arbitrary<E>): fc.Arbitrary<TimedEvent<E>> =>
  fc.record({ event: events, at: times });

/** Any events of one job in any order, repeats included: more than could ever happen. */
export const anyHistory: fc.Arbitrary<TimedEvent[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: timed<PlatformEvent>(batchEvents) },
    { weight: 3, arbitrary: timed<PlatformEvent>(workerEvents) },
    { weight: 1, arbitrary: timed<PlatformEvent>(lifecycleEvents) },
  ),
  { maxLength: 60 },
);

/** Facts about batches and workers, each id once: what is recorded under one id is one fact. */
export const facts: fc.Arbitrary<TimedEvent[]> = fc.uniqueArray(
  timed(fc.oneof<fc.Arbitrary<PlatformEvent>[]>(batchEvents, workerEvents)),
  { selector: ({ event }) => eventId(event), maxLength: 60 },
);

/** The same facts, in some order and again in some order, as a log might have come to hold them. */
export const factsInTwoOrders: fc.Arbitrary<{ once: TimedEvent[]; again: TimedEvent[] }> =
  facts.chain((once) =>
    fc
      .tuple(shuffled(once), fc.subarray(once))
      .chain(([all, repeated]) => shuffled([...all, ...repeated]))
      .map((again) => ({ once, again })),
  );

const shuffled = <T>(list: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length });

/** The events as they stand in a log: `submitted` first, positions from 1 with gaps. */
export const logOf = (history: readonly TimedEvent[]): LoggedEvent[] =>
  [{ event: submitted, at: '2026-11-23T00:00:00.000Z' }, ...history].map(
    ({ event, at }, place) => ({
      position: 1 + place * 3,
      id: `${eventId(event)}.${place}`,
      at,
      event,
    }),
  );

/** A history in which the job ends and its workers leave, and what may still come after that. */
export const endedHistory: fc.Arbitrary<TimedEvent[]> = fc
  .tuple(anyHistory, fc.constantFrom(...END_STATUSES), times, anyHistory)
  .map(([before, status, at, after]) => [
    ...before.slice(0, 20),
    { event: jobCompleted({ status }), at },
    ...Array.from({ length: WORKER_COUNT }, (_, ordinal) => ({
      event: workerStateChanged({
        workerId: workerId(ordinal),
        restart: 2,
        state: 'succeeded',
        willRestart: false,
      }),
      at,
    })),
    ...after.slice(0, 20),
  ]);
