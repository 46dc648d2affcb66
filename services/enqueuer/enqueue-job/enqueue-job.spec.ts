import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BatchEnqueued } from '#libs/domain/batch/batch.events.ts';
import type { JobEvent, JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { FaultPoints, FaultyBatchQueue, FaultyEventStore } from '#test/support/fault-points.ts';
import {
  A_JOB,
  aJobSubmitted,
  jobCompleted,
  jobStopRequested,
} from '#test/support/job.builders.ts';
import { EnqueueJob } from './enqueue-job.ts';
import { NO_DEAD_LETTERS } from '#test/support/queue.builders.ts';

const NEVER = new AbortController().signal;
const CHUNK_BATCHES = 2000;

const job = (batchSizeItems: number): JobSubmitted['data'] =>
  aJobSubmitted({
    source: { kind: 'item_list', itemsKey: 'items/1', itemCount: 5, batchSizeItems },
  }).data;
const manyItems = (count: number): string =>
  `[${Array.from({ length: count }, (_, n) => n).join()}]`;

describe('EnqueueJob', () => {
  let faults: FaultPoints;
  let store: FaultyEventStore;
  let queue: FaultyBatchQueue;
  let blobs: InMemoryBlobStore;
  let inputFiles: InMemoryInputFiles;
  let nowMs: number;
  let enqueueJob: EnqueueJob;

  beforeEach(() => {
    faults = new FaultPoints();
    store = new FaultyEventStore(faults);
    queue = new FaultyBatchQueue(faults);
    blobs = new InMemoryBlobStore();
    nowMs = Date.UTC(2026, 10, 23);
    const clock = (): Date => new Date(nowMs);
    inputFiles = new InMemoryInputFiles();
    const deps = { store, queue, blobs, inputFiles, clock, logger: silentLogger };
    enqueueJob = new EnqueueJob(deps);
  });

  const lane = { kind: 'job', apiName: job(1).apiName, jobId: A_JOB } as const;
  const append = async (event: JobEvent): Promise<void> => {
    const { version } = await store.read<JobEvent>(lane);
    await store.append(
      lane,
      { id: eventId(event), at: new Date(nowMs).toISOString(), event },
      version,
    );
  };
  const submit = async (items: string, batchSizeItems: number): Promise<JobSubmitted['data']> => {
    await blobs.put('items/1', new TextEncoder().encode(items));
    const data = job(batchSizeItems);
    await append({ type: 'JobSubmitted', data });
    return data;
  };
  const history = async (): Promise<PlatformEvent[]> => {
    const events: PlatformEvent[] = [];
    for await (const entry of store.history(lane.apiName, A_JOB)) {
      if (entry.kind === 'event') events.push(entry.logged.event);
    }
    return events;
  };
  const typesRecorded = async (): Promise<string[]> => (await history()).map(({ type }) => type);
  const payloads = async (): Promise<string[]> => {
    const receiver = await queue.receiver(job(1));
    const batches = await receiver.receive(10_000, 0);
    return batches.map(({ payload }) => new TextDecoder().decode(payload));
  };

  it('queues the items with the bytes they were sent with, in batches', async () => {
    const items = '[ 9007199254740993 ,{"b":1,"a": 2},\n"ü\\u00fc",null , [ ] ]';
    await enqueueJob.execute(await submit(items, 2), NEVER);
    expect(await payloads()).toEqual([
      '[9007199254740993,{"b":1,"a": 2}]',
      '["ü\\u00fc",null]',
      '[[ ]]',
    ]);
  });

  it('records what was queued, then the totals', async () => {
    await enqueueJob.execute(await submit('[1,2,3,4,5]', 2), NEVER);
    expect((await history()).slice(1)).toEqual([
      {
        type: 'BatchEnqueued',
        data: {
          jobId: A_JOB,
          firstIndex: 0,
          batchCount: 3,
          itemCount: 5,
          cursor: '10',
          skippedLineCount: 0,
        },
      },
      {
        type: 'EnqueuingCompleted',
        data: { jobId: A_JOB, totalBatchCount: 3, totalItemCount: 5, skippedLineCount: 0 },
      },
    ]);
  });

  it('records one range after the other for a large job', async () => {
    await enqueueJob.execute(await submit(manyItems(2 * CHUNK_BATCHES + 1), 1), NEVER);
    const ranges = (await history()).filter((event) => event.type === 'BatchEnqueued');
    expect(
      ranges.map(({ data }: BatchEnqueued) => [data.firstIndex, data.batchCount, data.itemCount]),
    ).toEqual([
      [0, CHUNK_BATCHES, CHUNK_BATCHES],
      [CHUNK_BATCHES, CHUNK_BATCHES, CHUNK_BATCHES],
      [2 * CHUNK_BATCHES, 1, 1],
    ]);
    expect(await payloads()).toHaveLength(2 * CHUNK_BATCHES + 1);
  });

  it('completes a job without items', async () => {
    await enqueueJob.execute(await submit('[]', 2), NEVER);
    expect((await history()).at(-1)).toMatchObject({ data: { totalBatchCount: 0 } });
  });

  it('does nothing for a job that the log does not know', async () => {
    await enqueueJob.execute(job(1), NEVER);
    expect(await history()).toEqual([]);
    expect(await queue.list()).toEqual([]);
  });

  it('does nothing for a job that is enqueued already', async () => {
    const submitted = await submit('[1,2,3]', 1);
    await enqueueJob.execute(submitted, NEVER);
    const before = await history();
    await enqueueJob.execute(submitted, NEVER);
    expect(await history()).toEqual(before);
    expect([...queue.sendCounts.values()]).toEqual([1, 1, 1]);
    expect(await payloads()).toHaveLength(3);
  });

  it.each([
    ['was asked to stop', jobStopRequested()],
    ['has ended', jobCompleted({ status: 'stopped' })],
  ])('leaves no queue and no items of a job that %s', async (_what, event) => {
    const submitted = await submit('[1,2,3]', 1);
    await queue.create(submitted, NO_DEAD_LETTERS); // By an enqueuer that crashed right after it.
    await append(event);
    await enqueueJob.execute(submitted, NEVER);
    expect(await typesRecorded()).toEqual(['JobSubmitted', event.type]);
    expect(await queue.list()).toEqual([]);
    expect(await blobs.get('items/1')).toBeNull();
  });

  describe('while a job is stopped', () => {
    it('gives up, deletes the queue and does not complete', async () => {
      const submitted = await submit(manyItems(10 * CHUNK_BATCHES), 1);
      let isStopped = false;
      faults.onWrite = async () => {
        nowMs += 250;
        if (isStopped || queue.sendCounts.size === 0) return;
        isStopped = true;
        await append(jobStopRequested());
      };
      await enqueueJob.execute(submitted, NEVER);
      expect(await typesRecorded()).not.toContain('EnqueuingCompleted');
      // What was on its way already when it was stopped, and one chunk until that was noticed.
      expect(queue.sendCounts.size).toBeLessThanOrEqual(4 * CHUNK_BATCHES);
      expect(await queue.list()).toEqual([]);
    });

    it('deletes a queue that was made after the job had ended', async () => {
      const submitted = await submit('[1,2,3]', 1);
      faults.onWrite = async () => {
        faults.onWrite = () => Promise.resolve();
        await append(jobCompleted({ status: 'stopped' }));
      };
      await enqueueJob.execute(submitted, NEVER);
      expect(await typesRecorded()).not.toContain('EnqueuingCompleted');
      expect(await queue.list()).toEqual([]);
    });
  });

  describe('input that cannot be enqueued', () => {
    it('fails the job when it is not there', async () => {
      const submitted = await submit('[1]', 1);
      await blobs.delete('items/1');
      await enqueueJob.execute(submitted, NEVER);
      expect((await history()).at(-1)).toEqual({
        type: 'EnqueuingFailed',
        data: {
          jobId: A_JOB,
          reason: { kind: 'input.missing', message: 'the items of the job, items/1, are gone' },
        },
      });
    });

    it('fails the job when a batch is too large, and says which', async () => {
      const items = JSON.stringify(['a', 'b', 'x'.repeat(200_000), 'y'.repeat(100_000)]);
      const submitted = await submit(items, 2);
      await enqueueJob.execute(submitted, NEVER);
      const [last] = (await history()).slice(-1);
      expect(last).toMatchObject({
        type: 'EnqueuingFailed',
        data: { reason: { kind: 'batch.too_large' } },
      });
      expect(JSON.stringify(last)).toContain('batch 1 has size 300007 bytes');
    });

    it('is an unexpected error when it is no list of items', async () => {
      const submitted = await submit('[1,2,', 1);
      await expect(enqueueJob.execute(submitted, NEVER)).rejects.toThrow('invalid JSON');
      await enqueueJob.fail(submitted, 'invalid JSON');
      expect((await history()).at(-1)).toMatchObject({
        type: 'EnqueuingFailed',
        data: { reason: { kind: 'enqueue.unexpected_error', message: 'invalid JSON' } },
      });
    });

    it('does not fail a job that has ended', async () => {
      const submitted = await submit('[1]', 1);
      await append(jobCompleted({ status: 'stopped' }));
      await enqueueJob.fail(submitted, 'too late');
      expect(await typesRecorded()).toEqual(['JobSubmitted', 'JobCompleted']);
    });
  });
});
