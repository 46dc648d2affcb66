import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import type { JobEvent, JobSource, JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EMPTY_LANE, EventStoreUnavailable } from '#libs/event-store/event-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
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
/** So many that there are three sends or more: full ones and the rest. */
const BATCH_COUNT = 4500;
const everyIndex = Array.from({ length: BATCH_COUNT }, (_, n) => n);
/** Writes of an uninterrupted run, or more: create, three times send and record, completion. */
const WRITE_COUNT = 8;

/** An input of `BATCH_COUNT` batches, and what is in each. */
interface Input {
  readonly source: JobSource;
  readonly itemsOf: (index: number) => string;
  readonly put: (blobs: InMemoryBlobStore, files: InMemoryInputFiles) => Promise<void>;
}

const itemList: Input = {
  source: { kind: 'item_list', itemsKey: 'items/1', itemCount: BATCH_COUNT, batchSizeItems: 1 },
  itemsOf: (index) => `[${index}]`,
  put: (blobs) => blobs.put('items/1', new TextEncoder().encode(`[${everyIndex.join()}]`)),
};

const selection = { s3Paths: ['s3://b/in/', 's3://b/in/'], includes: [], excludes: ['**.no'] };
const keyOf = (index: number): string => `in/${String(index).padStart(5, '0')}`;

const filePaths: Input = {
  source: { kind: 'file_path_lister', ...selection, batchSizeItems: 1 },
  itemsOf: (index) => `["s3://b/${keyOf(index)}"]`,
  put: async (_blobs, files) => {
    for (const index of everyIndex) {
      files.put('b', keyOf(index), '');
      if (index % 100 === 0) files.put('b', `${keyOf(index)}.no`, '');
    }
  },
};

/** Two lines a batch; no file holds an even number of lines, so that batches span files. */
const delimitedFiles: Input = {
  source: { kind: 'delimited_files', ...selection, batchSizeItems: 2, onError: 'skip' },
  itemsOf: (index) => `[${2 * index},${2 * index + 1}]`,
  put: async (_blobs, files) => {
    const itemCounts = [1, 3, 995, 5001, 1, 2999];
    let item = 0;
    for (const [file, itemCount] of itemCounts.entries()) {
      let text = '';
      for (const end = item + itemCount; item < end; item++)
        text += item % 1000 === 7 ? `${item}\nno item\n` : `${item}\n`;
      const isGzipped = file === 3; // Where a full chunk ends, so that enqueuing goes on inside it.
      files.put('b', keyOf(file), isGzipped ? gzipSync(text) : text, {
        ...(isGzipped && { contentEncoding: 'gzip' }),
      });
    }
  },
};

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
  readonly submitted: JobSubmitted['data'];
  private readonly blobs = new InMemoryBlobStore();
  private readonly inputFiles = new InMemoryInputFiles();
  private readonly lane = {
    kind: 'job',
    apiName: aJobSubmitted().data.apiName,
    jobId: A_JOB,
  } as const;
  private readonly settled: { readonly index: number; readonly items: string }[] = [];

  constructor(private readonly input: Input) {
    this.submitted = aJobSubmitted({ source: input.source }).data;
  }

  async submit(): Promise<void> {
    await this.input.put(this.blobs, this.inputFiles);
    const event: JobEvent = { type: 'JobSubmitted', data: this.submitted };
    await this.store.append(this.lane, { id: eventId(event), at: AT, event }, EMPTY_LANE);
  }

  /** What a new process does. */
  execute(signal = NEVER): Promise<void> {
    const { store, queue, blobs, inputFiles } = this;
    const deps = { store, queue, blobs, inputFiles, clock: systemClock, logger: silentLogger };
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
    const text = new TextDecoder();
    for (const { index, payload } of batches)
      this.settled.push({ index, items: text.decode(payload) });
  }

  /** Every batch in the hands of a worker now or before, in the order of their indexes. */
  async batches(): Promise<string> {
    await this.settle(BATCH_COUNT * 2);
    const ordered = this.settled.sort((a, b) => a.index - b.index);
    return ordered.map(({ index, items }) => `${index} ${items}`).join('\n');
  }

  async totals(): Promise<unknown[]> {
    const { events } = await this.store.read<JobEvent>(this.lane);
    return events
      .filter(({ event }) => event.type === 'EnqueuingCompleted')
      .map(({ event }) => event.data);
  }
}

const exactTotals = ({ source }: Input) => [
  {
    jobId: A_JOB,
    totalBatchCount: BATCH_COUNT,
    totalItemCount: BATCH_COUNT * source.batchSizeItems,
    skippedLineCount: source.kind === 'delimited_files' ? 9 : 0,
  },
];
const exactBatches = ({ itemsOf }: Input) =>
  everyIndex.map((index) => `${index} ${itemsOf(index)}`).join('\n');

async function expectExact(enqueuing: Enqueuing, input: Input): Promise<void> {
  expect(await enqueuing.totals()).toEqual(exactTotals(input));
  expect(await enqueuing.batches()).toEqual(exactBatches(input));
  // The queue would recognise most batches that are sent again, but not for ever.
  expect(new Set(enqueuing.queue.sendCounts.values())).toEqual(new Set([1]));
}

/** Enqueues until that is cut off. Whether it was. */
async function isCutOff(enqueuing: Enqueuing): Promise<boolean> {
  try {
    await enqueuing.execute();
    return false;
  } catch (error) {
    if (error instanceof EventStoreUnavailable || error instanceof BatchQueueUnavailable)
      return true;
    throw error;
  }
}

const inputs = [itemList, filePaths, delimitedFiles].map(
  (input) => [input.source.kind, input] as const,
);

describe.each(inputs)('enqueuing %s that was interrupted', (_kind, input) => {
  let enqueuing: Enqueuing;

  beforeEach(async () => {
    enqueuing = new Enqueuing(input);
    await enqueuing.submit();
  });

  const cutOffs: CutOff[] = ['before', 'after', 'halfway'];

  it.each(cutOffs)('goes on exactly from any write, cut off %s it', async (cutOff) => {
    let write = 0;
    for (; ; write++) {
      const each = new Enqueuing(input);
      await each.submit();
      each.faults.cutOffAfter(write, cutOff);
      if (!(await isCutOff(each))) break;
      await each.execute();
      await expectExact(each, input);
    }
    expect(write).toBeGreaterThanOrEqual(WRITE_COUNT);
  });

  it('goes on exactly after any crashes, while workers are at it', async () => {
    await fc.assert(
      fc.asyncProperty(crashes, async (all) => {
        const each = new Enqueuing(input);
        await each.submit();
        for (const { skipCount, cutOff, settledCount } of all) {
          each.faults.cutOffAfter(skipCount, cutOff);
          await isCutOff(each);
          each.faults.clear();
          await each.settle(settledCount);
        }
        await each.execute();
        await expectExact(each, input);
      }),
      { numRuns: 10 },
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
    await expectExact(enqueuing, input);
  });

  it('is exact also when two enqueuers are at it', async () => {
    await Promise.all([enqueuing.execute(), enqueuing.execute()]);
    expect(await enqueuing.totals()).toEqual(exactTotals(input));
    expect(await enqueuing.batches()).toEqual(exactBatches(input));
  });
});
