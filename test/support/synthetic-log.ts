import { apiName, type JobId, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { messageWriter } from '#libs/event-store/jetstream/event-envelope.ts';
import type { Lane } from '#libs/event-store/lane.ts';
import type { OutgoingMessage } from '#libs/platform/nats/pipelined-publisher.ts';
import { batchesEnqueued, batchSucceeded } from './batch.builders.ts';
import { aJobSubmitted, enqueuingCompleted, jobCompleted } from './job.builders.ts';
import { workerStateChanged } from './worker.builders.ts';

const FIRST_MS = Date.UTC(2026, 10, 1);
const API = apiName('sum');

/** Of the `n`th job: a newer one has a smaller id, as the gateway gives them. */
export const syntheticJobId = (n: number): JobId =>
  jobId((2n ** 62n - BigInt(n) * 1_000_000n).toString(16).padStart(16, '0'));

export interface SyntheticLog {
  readonly endedJobCount: number;
  readonly runningJobCount: number;
  /** Batches of a running job, half of which are settled. */
  readonly batchCount: number;
}

/** The events of many jobs of two workers as messages: first those that ended, then those that run. */
export function* syntheticLog(log: SyntheticLog): Generator<OutgoingMessage> {
  for (let n = 0; n < log.endedJobCount; n++) {
    const of = { jobId: syntheticJobId(n) };
    yield* messages(n, 'job', aJobSubmitted({ ...of, workers: 2 }));
    yield* messages(n, 'batch', batchesEnqueued({ ...of, batchCount: 2, itemCount: 20 }));
    yield* messages(n, 'batch', batchSucceeded({ ...of, index: 0 }));
    yield* messages(n, 'batch', batchSucceeded({ ...of, index: 1 }));
    yield* messages(n, 'job', jobCompleted(of));
    yield* workersAre(n, 'succeeded');
  }
  const { endedJobCount: first, runningJobCount, batchCount } = log;
  for (let n = first; n < first + runningJobCount; n++) {
    const of = { jobId: syntheticJobId(n) };
    yield* messages(n, 'job', aJobSubmitted({ ...of, workers: 2 }));
    const itemCount = batchCount * 10;
    yield* messages(n, 'batch', batchesEnqueued({ ...of, batchCount, itemCount }));
    const totals = { totalBatchCount: batchCount, totalItemCount: itemCount };
    yield* messages(n, 'job', enqueuingCompleted({ ...of, ...totals }));
    yield* workersAre(n, 'running');
    for (let index = 0; index < batchCount; index += 2) {
      yield* messages(n, 'batch', batchSucceeded({ ...of, index }));
    }
  }
}

function* workersAre(n: number, state: 'running' | 'succeeded'): Generator<OutgoingMessage> {
  for (const ordinal of [0, 1]) {
    const of = { jobId: syntheticJobId(n), workerId: workerId(ordinal) };
    yield* messages(n, 'worker', workerStateChanged({ ...of, state, willRestart: false }));
  }
}

let written = 0;

function* messages(
  n: number,
  kind: 'job' | 'batch' | 'worker',
  event: PlatformEvent,
): Generator<OutgoingMessage> {
  const lane: Lane = { kind, apiName: API, jobId: syntheticJobId(n) };
  const at = new Date(FIRST_MS + n * 1000).toISOString();
  yield messageWriter(lane)({ id: `synthetic.${written++}`, at, event });
}
