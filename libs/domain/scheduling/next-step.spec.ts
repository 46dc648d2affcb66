import { describe, expect, it } from '@jest/globals';
import { anApiDeleted, anApiDeployed } from '#test/support/api.builders.ts';
import { batchesEnqueued, batchSucceeded } from '#test/support/batch.builders.ts';
import {
  aJobSubmitted,
  enqueuingCompleted,
  enqueuingFailed,
  jobCompleted,
  jobStopRequested,
} from '#test/support/job.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import type { Reason } from '../job/job.events.ts';
import { workerId } from '../kernel/ids.ts';
import type { PlatformEvent } from '../platform-event.ts';
import type { JobView } from '../status/job-view.ts';
import { PlatformView } from '../status/platform-view.ts';
import { type NextStep, nextStep } from './next-step.ts';

const submittedAt = '2026-11-23T10:00:00.000Z';
const submittedMs = Date.parse(submittedAt);

function jobAfter(...events: readonly PlatformEvent[]): JobView {
  const view = new PlatformView();
  for (const [place, event] of events.entries()) {
    view.apply({ position: place + 1, id: String(place), at: submittedAt, event });
  }
  const [job] = view.jobs.values();
  if (job === undefined) throw new Error('no job was submitted');
  return job;
}

const submitted = aJobSubmitted({ workers: 2, timeoutMs: 1500 });
const enqueued = [batchesEnqueued({ batchCount: 1 }), enqueuingCompleted({ totalBatchCount: 1 })];
const unreadable = { kind: 'input.missing', message: 'gone' };
const apiDeleted = { kind: 'api.deleted', message: 'the API was deleted' };
const crashed = { kind: 'worker.exited', message: 'exited with 1' };
const oom = { kind: 'worker.oom', message: 'killed by signal 9' };
const lost = (ordinal: number, reason = crashed) =>
  workerStateChanged({ workerId: workerId(ordinal), state: 'failed', reason });
const stopped = jobStopRequested({ reason: apiDeleted });

const timedOut: NextStep = {
  do: 'abort',
  status: 'timed_out',
  reason: { kind: 'job.timed_out', message: 'the job did not end within its timeout of 1.5 s' },
};
const run: NextStep = { do: 'run', deadlineMs: submittedMs + 1500 };
const finish: NextStep = { do: 'finish', deadlineMs: submittedMs + 1500 };
const workerError: NextStep = { do: 'abort', status: 'worker_error', reason: crashed };
const enqueueFailed: NextStep = { do: 'abort', status: 'enqueue_failed', reason: unreadable };
const orphaned: NextStep = {
  do: 'abort',
  status: 'stopped',
  reason: { kind: 'api.deleted', message: 'the API sum was deleted' },
};
const stop: NextStep = { do: 'abort', status: 'stopped', reason: apiDeleted };

const because = (message: string, kind = 'worker.exited'): Reason => ({ kind, message });

describe('the next step of a job', () => {
  it.each<[string, PlatformEvent[], number, NextStep]>([
    ['a job just submitted', [submitted], 0, run],
    ['without a timeout', [aJobSubmitted()], 1e12, { do: 'run', deadlineMs: null }],
    ['a job being enqueued', [submitted, batchesEnqueued()], 0, run],
    ['with batches in the queue', [submitted, ...enqueued], 0, run],
    ['just before its deadline', [submitted, ...enqueued], 1499, run],
    ['at its deadline', [submitted, ...enqueued], 1500, timedOut],
    ['settled before totals are known', [submitted, batchSucceeded()], 0, run],
    ['settled', [submitted, ...enqueued, batchSucceeded()], 0, finish],
    ['settled, past its deadline', [submitted, ...enqueued, batchSucceeded()], 9999, finish],
    [
      'settled, no worker left',
      [submitted, ...enqueued, batchSucceeded(), lost(0), lost(1)],
      0,
      finish,
    ],
    [
      'whose enqueuing failed',
      [submitted, enqueuingFailed({ reason: unreadable })],
      9999,
      enqueueFailed,
    ],
    ['asked to stop', [submitted, stopped], 0, stop],
    ['asked to stop, settled', [submitted, ...enqueued, batchSucceeded(), stopped], 0, stop],
    ['asked to stop, enqueuing failed', [submitted, enqueuingFailed(), stopped], 0, stop],
    ['whose API was deleted', [anApiDeployed(), submitted, anApiDeleted()], 0, orphaned],
    [
      'whose API was deleted before it was submitted',
      [anApiDeployed(), anApiDeleted(), submitted],
      0,
      orphaned,
    ],
    [
      'whose API was deleted, settled',
      [anApiDeployed(), submitted, ...enqueued, batchSucceeded(), anApiDeleted()],
      0,
      orphaned,
    ],
    ['with one worker lost', [submitted, lost(1)], 0, run],
    ['with no worker left', [submitted, lost(0), lost(1)], 0, workerError],
    ['with no worker left, past its deadline', [submitted, lost(0), lost(1)], 1500, timedOut],
    [
      'with workers lost for lack of memory',
      [submitted, lost(0), lost(1, oom)],
      0,
      { do: 'abort', status: 'worker_oom', reason: oom },
    ],
    ['that has ended', [submitted, stopped, jobCompleted()], 9999, { do: 'release' }],
  ])('%s', (_job, events, ageMs, expected) => {
    expect(nextStep(jobAfter(...events), submittedMs + ageMs)).toEqual(expected);
  });

  it('goes on with a worker whose replacement is coming', () => {
    const dying = workerStateChanged({ workerId: workerId(1), state: 'failed', willRestart: true });
    expect(nextStep(jobAfter(submitted, lost(0), dying), submittedMs)).toEqual(run);
  });

  describe('whose workers were lost one after the other', () => {
    it.each([
      ['the last one', [because('first'), because('last')], 'worker_error', 'last'],
      ['the last one that says why', [because('first'), null], 'worker_error', 'first'],
      [
        'the last one that memory killed',
        [because('early', 'worker.oom'), because('late', 'worker.oom'), because('last')],
        'worker_oom',
        'late',
      ],
    ])('gives the reason of %s', (_which, reasons, status, message) => {
      const view = new PlatformView();
      const event = aJobSubmitted({ workers: reasons.length });
      view.apply({ position: 1, id: 'job', at: submittedAt, event });
      for (const [second, reason] of reasons.entries()) {
        const id = workerId(reasons.length - 1 - second); // In another order than the workers'.
        const loss = workerStateChanged({ workerId: id, state: 'failed', reason });
        const at = new Date(submittedMs + second * 1000).toISOString();
        view.apply({ position: 2 + second, id: String(second), at, event: loss });
      }
      const job = view.jobs.get(event.data.jobId);
      expect(job && nextStep(job, submittedMs)).toMatchObject({ status, reason: { message } });
    });
  });

  it('has no reason to give where the worker gave none', () => {
    const silent = [0, 1].map((ordinal) =>
      workerStateChanged({ workerId: workerId(ordinal), state: 'failed' }),
    );
    expect(nextStep(jobAfter(submitted, ...silent), submittedMs)).toMatchObject({ reason: null });
  });
});
