import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import type { JobEvent, JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EMPTY_LANE, EventStoreUnavailable } from '#libs/event-store/event-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import {
  type CutOff,
  FaultPoints,
  FaultyBatchQueue,
  FaultyEventStore,
} from '#test/support/fault-points.ts';
import { A_JOB, aJobSubmitted } from '#test/support/job.builders.ts';
import { EnqueueJob } from './enqueue-job.ts';

const AT = '2026-11-23T10:00:00.000Z';
const NEVER = new AbortController().signal;
/** Three sends: two full ones and the rest. */
const BATCH_COUNT = 4500;
const everyIndex = Array.from({ length: BATCH_COUNT }, (_, n) => n);
/** Writes of an uninterrupted run: create, three times send and record, completion. */
const WRITE_COUNT = 8;

/** A crash: how many writes succeed before it, how the next is cut off, and what workers do then. */
interface Crash {
  readonly skipCount: number;
  readonly cutOff: CutOff;
  readonly settledCount: number;
}

const crashes: fc.Arbitrary<Crash[]> = fc.array(
  fc.record({
    skipCount: fc.nat({ max: WRITE_COUNT - 1 }),
    cutOff: fc.constantFrom<CutOff>('before', 'after', 'halfway'),
    settledCount: fc.nat({ max: 3000 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** One job, and everything it takes to enqueue it. */
class Enqueuing {
  readonly faults = new FaultPoints();
  readonly store = new FaultyEventStore(this.faults);
  readonly queue = new FaultyBatchQueue(this.faults);
  private readonly blobs = new InMemoryBlobStore();
  private readonly submitted: JobSubmitted['data'] = aJobSubmitted({
    source: { kind: 'item_list', itemsKey: 'items/1', itemCount: BATCH_COUNT, batchSizeItems: 1 },
  }).data;
  private readonly lane = {
    kind: 'job',
    apiName: this.submitted.apiName,
    jobId: A_JOB,
  } as const;
  private settledIndexes: number[] = [];

  async submit(): Promise<void> {
    const items = `[${everyIndex.join()}]`;
    await this.blobs.put('items/1', new TextEncoder().encode(items));
    const event: JobEvent = { type: 'JobSubmitted', data: this.submitted };
    await this.store.append(this.lane, { id: eventId(event), at: AT, event }, EMPTY_LANE);
  }

  /** What a new process does. */
  execute(signal = NEVER): Promise<void> {
    const { store, queue, blobs } = this;
    const deps = { store, queue, blobs, clock: systemClock, logger: silentLogger };
    return new EnqueueJob(deps).execute(this.submitted, signal);
  }

  /** Workers take batches, record them and remove them. */
  async settle(countMax: number): Promise<void> {
    if (countMax === 0) return;
    const receiver = await this.queue.receiver(this.submitted);
    const batches = await receiver.receive(countMax, 0);
    const facts = batches.map(({ index }) => {
      const event: BatchEvent = batchSucceeded({ index });
      return { id: eventId(event), at: AT, event };
    });
    await this.store.record({ ...this.lane, kind: 'batch' }, facts);
    receiver.remove(batches);
    this.settledIndexes.push(...batches.map(({ index }) => index));
  }

  /** Every batch in the hands of a worker now or before, in the order of their indexes. */
  async indexes(): Promise<number[]> {
    await this.settle(BATCH_COUNT * 2);
    return this.settledIndexes.sort((a, b) => a - b);
  }

  async totals(): Promise<unknown[]> {
    const { events } = await this.store.read<JobEvent>(this.lane);
    return events
      .filter(({ event }) => event.type === 'EnqueuingCompleted')
      .map(({ event }) => event.data);
  }
}

const exactTotals = [{ jobId: A_JOB, totalBatchCount: BATCH_COUNT, totalItemCount: BATCH_COUNT }];

async function expectExact(enqueuing: Enqueuing): Promise<void> {
  expect(await enqueuing.totals()).toEqual(exactTotals);
  expect(await enqueuing.indexes()).toEqual(everyIndex);
  // The queue would recognise most batches that are sent again, but not for ever.
  expect(new Set(enqueuing.queue.sendCounts.values())).toEqual(new Set([1]));
}

describe('enqueuing that was interrupted', () => {
  let enqueuing: Enqueuing;

  beforeEach(async () => {
    enqueuing = new Enqueuing();
    await enqueuing.submit();
  });

  const cutOffs: CutOff[] = ['before', 'after', 'halfway'];
  const everyPoint = Array.from({ length: WRITE_COUNT }, (_, write) =>
    cutOffs.map((cutOff): [number, CutOff] => [write, cutOff]),
  ).flat();

  it.each(everyPoint)('goes on exactly from write %i, cut off %s it', async (write, cutOff) => {
    enqueuing.faults.cutOffAfter(write, cutOff);
    await expect(enqueuing.execute()).rejects.toThrow('cut off');
    await enqueuing.execute();
    await expectExact(enqueuing);
  });

  it('goes on exactly after any crashes, while workers are at it', async () => {
    await fc.assert(
      fc.asyncProperty(crashes, async (all) => {
        const each = new Enqueuing();
        await each.submit();
        for (const { skipCount, cutOff, settledCount } of all) {
          each.faults.cutOffAfter(skipCount, cutOff);
          await each.execute().catch((error: unknown) => {
            if (error instanceof EventStoreUnavailable) return;
            if (!(error instanceof BatchQueueUnavailable)) throw error;
          });
          each.faults.clear();
          await each.settle(settledCount);
        }
        await each.execute();
        await expectExact(each);
      }),
      { numRuns: 25 },
    );
  });

  it('stops between two sends when it is told to end, and goes on from there', async () => {
    const stopping = new AbortController();
    let writeCount = 0;
    enqueuing.faults.onWrite = async () => {
      writeCount += 1;
      if (writeCount === 2) stopping.abort(new Error('shutting down'));
    };
    await expect(enqueuing.execute(stopping.signal)).rejects.toThrow('shutting down');
    expect(writeCount).toBe(2);
    expect(await enqueuing.totals()).toEqual([]);
    await enqueuing.execute();
    await expectExact(enqueuing);
  });

  it('is exact also when two enqueuers are at it', async () => {
    await Promise.all([enqueuing.execute(), enqueuing.execute()]);
    expect(await enqueuing.totals()).toEqual(exactTotals);
    expect(await enqueuing.indexes()).toEqual(everyIndex);
  });
});
