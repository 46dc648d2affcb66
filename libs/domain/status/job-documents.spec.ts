import { describe, expect, it } from '@jest/globals';
import { anApiDeployed, anApiSpec } from '#test/support/api.builders.ts';
import {
  batchDeadLettered,
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
  jobStarted,
} from '#test/support/batch.builders.ts';
import {
  aJobSubmitted,
  enqueuingCompleted,
  enqueuingFailed,
  hookSucceeded,
  jobCompleted,
  jobStopRequested,
} from '#test/support/job.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { stringifyWithRaw } from '../kernel/raw-json.ts';
import type { PlatformEvent } from '../platform-event.ts';
import { apiSpecDocument, jobStatusDocument } from './job-documents.ts';
import { PlatformView } from './platform-view.ts';

const second = (n: number): string => `2026-11-23T10:00:${String(n).padStart(2, '0')}.000Z`;

/** The status document after events of which the n-th (from 0) happened at second n. */
function documentAfter(...events: readonly PlatformEvent[]) {
  const view = new PlatformView();
  for (const [place, event] of events.entries()) {
    view.apply({ position: place + 1, id: String(place), at: second(place), event });
  }
  const [job] = view.jobs.values();
  if (job === undefined) throw new Error('no job was submitted');
  return jobStatusDocument(job, NEVER_STALLED);
}

const submitted = aJobSubmitted({ workers: 2 });
const noCounts = {
  enqueued: 0,
  succeeded: 0,
  failed: 0,
  dead_lettered: 0,
  cancelled: 0,
  remaining: 0,
};
const noWorkers = {
  pending: 0,
  initializing: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  stalled: 0,
};

describe('the status document', () => {
  it('of a job just submitted has all that was submitted, and nothing else yet', () => {
    const { config, ...rest } = documentAfter(submitted);
    expect(config?.text).toBe('{"b":9007199254740993,"a":{"1":null}}');
    expect(rest).toEqual({
      job_id: '00000000000000aa',
      api_name: 'sum',
      kind: 'BatchAPI',
      workers: 2,
      api_id: 'spec-1',
      sqs_url: 'nats://127.0.0.1:4222/batches.sum.00000000000000aa',
      timeout: null,
      sqs_dead_letter_queue: null,
      created_time: second(0),
      status: 'pending',
      batches_in_queue: 0,
      batch_metrics: { succeeded: 0, failed: 0 },
      batch_counts: noCounts,
      start_time: second(0),
    });
  });

  it('gives the timeout in seconds and the dead-letter queue in its own words', () => {
    const deadLetterQueue = { arn: 'arn:aws:sqs:local:0:failed', receiveCountMax: 3 };
    expect(documentAfter(aJobSubmitted({ timeoutMs: 90_000, deadLetterQueue }))).toMatchObject({
      timeout: 90,
      sqs_dead_letter_queue: { arn: 'arn:aws:sqs:local:0:failed', max_receive_count: 3 },
    });
  });

  it('of a job without config says null', () => {
    expect(stringifyWithRaw(documentAfter(aJobSubmitted({ config: null })))).toContain(
      '"config":null',
    );
  });

  it('of a job being enqueued counts what is in the queue', () => {
    const document = documentAfter(submitted, batchesEnqueued({ batchCount: 4 }));
    expect(document).toMatchObject({ status: 'enqueuing', batches_in_queue: 4 });
    expect(document).not.toHaveProperty('total_batch_count');
    expect(document).not.toHaveProperty('worker_counts');
  });

  it('of a running job has totals, counts and workers', () => {
    const document = documentAfter(
      submitted,
      batchesEnqueued({ batchCount: 4 }),
      workerStateChanged({ state: 'running' }),
      jobStarted(),
      enqueuingCompleted({ totalBatchCount: 4 }),
      batchSucceeded({ index: 0, durationUs: 250_000 }),
      batchFailed({ index: 1, next: 'fail' }),
      batchFailed({ index: 2, attempt: 1, next: 'retry' }),
      batchFailed({ index: 2, attempt: 2, next: 'dead-letter' }),
      batchDeadLettered({ index: 2, attempt: 2 }),
    );
    expect(document).toMatchObject({
      status: 'running',
      total_batch_count: 4,
      batches_in_queue: 1,
      batch_metrics: { succeeded: 1, failed: 3, avg_time_per_batch: 0.25 },
      batch_counts: {
        enqueued: 4,
        succeeded: 1,
        failed: 1,
        dead_lettered: 1,
        cancelled: 0,
        remaining: 1,
      },
      worker_counts: { ...noWorkers, running: 1, pending: 1 },
      created_time: second(0),
      start_time: second(3),
    });
    expect(document).not.toHaveProperty('end_time');
    expect(document).not.toHaveProperty('reason');
  });

  it('is running as soon as a batch is in a worker’s hands', () => {
    expect(documentAfter(submitted, jobStarted()).status).toBe('running');
  });

  it('never changes a start time once shown', () => {
    expect(documentAfter(submitted, jobStarted(), jobStarted()).start_time).toBe(second(1));
  });

  it('of a succeeded job has its end and the completion hook’s outcome', () => {
    const document = documentAfter(
      submitted,
      batchesEnqueued({ batchCount: 1 }),
      enqueuingCompleted({ totalBatchCount: 1 }),
      batchSucceeded(),
      jobCompleted(),
    );
    expect(document).toMatchObject({
      status: 'succeeded',
      end_time: second(4),
      batches_in_queue: 0,
      completion_hook: hookSucceeded,
    });
    expect(document).not.toHaveProperty('reason');
    expect(document).not.toHaveProperty('worker_counts');
  });

  it('of a stopped job says why, and counts open batches as cancelled', () => {
    const reason = { kind: 'api.deleted', message: 'the API was deleted' };
    const document = documentAfter(
      submitted,
      batchesEnqueued({ batchCount: 3 }),
      batchSucceeded(),
      jobStopRequested({ reason }),
      jobCompleted({ status: 'stopped', reason, completionHook: null }),
    );
    expect(document).toMatchObject({
      status: 'stopped',
      reason,
      batches_in_queue: 0,
      batch_counts: { enqueued: 3, succeeded: 1, cancelled: 2, remaining: 0 },
    });
    expect(document).not.toHaveProperty('completion_hook');
  });

  it('of a job whose enqueuing failed stays as it was until the job ends', () => {
    expect(documentAfter(submitted, batchesEnqueued(), enqueuingFailed()).status).toBe('enqueuing');
  });

  it('does not change after the end', () => {
    const ended = [
      submitted,
      batchesEnqueued({ batchCount: 2 }),
      jobCompleted({ status: 'stopped' }),
    ];
    const late = [
      batchSucceeded(),
      jobStarted(),
      batchesEnqueued({ batchCount: 9 }),
      enqueuingCompleted(),
      jobStopRequested(),
      jobCompleted({ status: 'succeeded' }),
      workerStateChanged({ state: 'succeeded' }),
    ];
    expect(documentAfter(...ended, ...late)).toEqual(documentAfter(...ended));
  });
});

describe('the specification in an answer', () => {
  it('has its identity and the time of its deployment', () => {
    const deployed = anApiDeployed().data;
    expect(apiSpecDocument({ deployed, deployedAt: second(0) })).toEqual({
      ...anApiSpec(),
      id: 'spec-1',
      last_updated: second(0),
    });
  });
});
