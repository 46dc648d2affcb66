import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { apiName, type JobId, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EMPTY_LANE, type EventStore, type Fact } from '#libs/event-store/event-store.port.ts';
import { anApiDeployed } from '#test/support/api.builders.ts';
import {
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
  jobStarted,
} from '#test/support/batch.builders.ts';
import { aJobSubmitted, enqueuingCompleted, jobCompleted } from '#test/support/job.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';

/** As the enqueuer cuts its chunks. */
const CHUNK_BATCHES_MAX = 2000;
/** A worker's group of outcomes at a job's full speed. */
const GROUP_COUNT = 64;
const WORKERS = 4;
const BATCH_SIZE_ITEMS = 10;
/** Every so manieth batch fails the first time and succeeds the second. */
const FAILING_EVERY = 50;
const STATES = ['pending', 'initializing', 'running'] as const;

export const BENCH_API = apiName('bench');

export interface SyntheticJob {
  /** Counts the jobs of a log from 0. */
  readonly number: number;
  readonly batchCount: number;
  /** How many of its batches are settled; a job whose batches all are has ended. */
  readonly settledCount: number;
}

/** Later jobs have smaller ids, as the gateway gives them. */
export const syntheticJobId = (number: number): JobId =>
  jobId((0xffff_ffff_ffff - number).toString(16).padStart(16, '0'));

/** Writes what the services write of a job's life, in the same groups. */
export class SyntheticLog {
  constructor(private readonly store: EventStore) {}

  async deployApi(): Promise<void> {
    const deployed = anApiDeployed({ apiName: BENCH_API });
    await this.store.append<ApiEvent>(
      { kind: 'api', apiName: BENCH_API },
      factOf(deployed),
      EMPTY_LANE,
    );
  }

  /** Several jobs at a time, so that their events stand between each other as they would. */
  async writeJobs(jobs: readonly SyntheticJob[], atATime: number): Promise<void> {
    const waiting = jobs.values();
    const write = async (): Promise<void> => {
      for (const job of waiting) await this.writeJob(job);
    };
    await Promise.all(Array.from({ length: atATime }, write));
  }

  private async writeJob({ number, batchCount, settledCount }: SyntheticJob): Promise<void> {
    const id = syntheticJobId(number);
    const lane = { apiName: BENCH_API, jobId: id };
    const source = {
      kind: 'item_list',
      itemsKey: `items/${id}`,
      itemCount: batchCount * BATCH_SIZE_ITEMS,
      batchSizeItems: BATCH_SIZE_ITEMS,
    } as const;
    const queueUrl = `nats://127.0.0.1:4222/batches.bench.${id}`;
    const submitted = { jobId: id, apiName: BENCH_API, source, workers: WORKERS, queueUrl };
    let version = await this.decide(id, aJobSubmitted(submitted), EMPTY_LANE);
    const batchLane = { kind: 'batch', ...lane } as const;
    const workerLane = { kind: 'worker', ...lane } as const;

    await this.store.record(batchLane, chunksOf(id, batchCount).map(factOf));
    const total = { totalBatchCount: batchCount, totalItemCount: source.itemCount };
    version = await this.decide(id, enqueuingCompleted({ jobId: id, ...total }), version);
    await this.store.record(workerLane, workersThrough(id, STATES).map(factOf));
    for (let first = 0; first < settledCount; first += GROUP_COUNT) {
      const last = Math.min(first + GROUP_COUNT, settledCount);
      await this.store.record(batchLane, outcomesOf(id, first, last).map(factOf));
    }
    if (settledCount < batchCount) return;
    await this.decide(id, jobCompleted({ jobId: id }), version);
    await this.store.record(workerLane, workersThrough(id, ['succeeded']).map(factOf));
  }

  private decide(id: JobId, event: JobEvent, version: number): Promise<number> {
    const lane = { kind: 'job', apiName: BENCH_API, jobId: id } as const;
    return this.store.append<JobEvent>(lane, factOf(event), version);
  }
}

/** Events of a job of which all batches are settled. */
export const eventCountOf = (batchCount: number): number =>
  3 +
  WORKERS * (STATES.length + 2) +
  Math.ceil(batchCount / CHUNK_BATCHES_MAX) +
  batchCount +
  Math.ceil(batchCount / FAILING_EVERY);

function chunksOf(id: JobId, batchCount: number) {
  return Array.from({ length: Math.ceil(batchCount / CHUNK_BATCHES_MAX) }, (_, chunk) => {
    const firstIndex = chunk * CHUNK_BATCHES_MAX;
    const count = Math.min(CHUNK_BATCHES_MAX, batchCount - firstIndex);
    return batchesEnqueued({
      jobId: id,
      firstIndex,
      batchCount: count,
      itemCount: count * BATCH_SIZE_ITEMS,
      cursor: String((firstIndex + count) * BATCH_SIZE_ITEMS),
    });
  });
}

const workersThrough = (id: JobId, states: readonly ('succeeded' | (typeof STATES)[number])[]) =>
  states.flatMap((state) =>
    Array.from({ length: WORKERS }, (_, ordinal) =>
      workerStateChanged({ jobId: id, workerId: workerId(ordinal), state }),
    ),
  );

/** @param first of the batches `first` to `last - 1`, which one worker has handled */
function outcomesOf(id: JobId, first: number, last: number) {
  const worker = workerId((first / GROUP_COUNT) % WORKERS);
  const said = first < GROUP_COUNT * WORKERS ? [jobStarted({ jobId: id, workerId: worker })] : [];
  const outcomes = Array.from({ length: last - first }, (_, place) => {
    const index = first + place;
    const made = { jobId: id, index, workerId: worker, durationUs: durationUsOf(index) };
    return index % FAILING_EVERY === 0
      ? [batchFailed({ ...made, next: 'retry' }), batchSucceeded({ ...made, attempt: 2 })]
      : [batchSucceeded(made)];
  });
  return [...said, ...outcomes.flat()];
}

/** The success of one batch, as a fact to record. */
export const outcomeOf = (id: JobId, index: number): Fact =>
  factOf(
    batchSucceeded({
      jobId: id,
      index,
      workerId: workerId(index % WORKERS),
      durationUs: durationUsOf(index),
    }),
  );

const durationUsOf = (index: number): number => 1000 + ((index * 7919) % 50_000);

const factOf = <E extends PlatformEvent>(event: E): Fact<E> => ({
  id: eventId(event),
  at: new Date().toISOString(),
  event,
});
