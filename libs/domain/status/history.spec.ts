import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  anyHistory,
  facts,
  factsInTwoOrders,
  logOf,
  type TimedEvent,
} from '#test/support/history.builders.ts';
import { batchesEnqueued, batchFailed } from '#test/support/batch.builders.ts';
import { aJobSubmitted, enqueuingCompleted, jobCompleted } from '#test/support/job.builders.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { RawJson, stringifyWithRaw } from '../kernel/raw-json.ts';
import type { LoggedEvent } from '../platform-event.ts';
import { jobStatusDocument } from './job-documents.ts';
import type { JobView } from './job-view.ts';
import { PlatformView } from './platform-view.ts';
import { unannouncedStalls } from './stalled-workers.ts';
import { type WorkerDocument, workerDocument } from './worker-documents.ts';
import type { StalledRule } from '../worker/worker-record.ts';

// What must hold of any history of a job, however its facts were repeated or came in.

const viewOf = (log: readonly LoggedEvent[]): PlatformView => {
  const view = new PlatformView();
  for (const entry of log) view.apply(entry);
  return view;
};
const jobOf = (view: PlatformView): JobView => {
  const [job] = view.jobs.values();
  if (job === undefined) throw new Error('the history starts with a submission');
  return job;
};
const documentOf = (view: PlatformView): string =>
  stringifyWithRaw(jobStatusDocument(jobOf(view), NEVER_STALLED));
const workersOf = (job: JobView, rule: StalledRule): readonly WorkerDocument[] =>
  [...job.workers].map((worker) => workerDocument(job, worker, rule));
/** Early, in the middle and at the end of the day that histories are made of. */
const rules: readonly StalledRule[] = [0, 12, 24].map((hour) => ({
  nowMs: Date.UTC(2026, 10, 23, hour),
  stalledAfterMs: 3_600_000,
}));
/** Where in the log the last of the facts stands is another matter. */
const snapshotOf = (job: JobView): object => ({ ...job.snapshot(), position: 0 });
const snapshotBytes = (history: readonly TimedEvent[]): string =>
  JSON.stringify(snapshotOf(jobOf(viewOf(logOf(history)))));
const stopAndRestart = (view: PlatformView): PlatformView =>
  PlatformView.restore(structuredClone(view.snapshot()));

/** Calls `check` with the job after each event. */
function atEveryPrefix(history: readonly TimedEvent[], check: (job: JobView) => void): void {
  const view = new PlatformView();
  for (const entry of logOf(history)) {
    view.apply(entry);
    check(jobOf(view));
  }
}

describe('at every event of any history', () => {
  it('batches add up', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        atEveryPrefix(history, ({ batchCounts }) => {
          const { enqueued, ...parts } = batchCounts;
          expect(Object.values(parts).every((count) => count >= 0)).toBe(true);
          expect(Object.values(parts).reduce((sum, count) => sum + count, 0)).toBe(enqueued);
        });
      }),
    );
  });

  it('there is a document, and every worker of the job is in it once', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        atEveryPrefix(history, (job) => {
          const { worker_counts: workers } = jobStatusDocument(job, NEVER_STALLED);
          if (job.status !== 'running') return expect(workers).toBeUndefined();
          const count = Object.values(workers ?? {}).reduce((sum, one) => sum + one, 0);
          expect(count).toBe(job.submitted.workers);
        });
      }),
    );
  });

  it('no count but the remaining falls, and nothing changes after the end', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        let before = { enqueued: 0, settled: 0, failedAttempts: 0 };
        let final: string | null = null;
        atEveryPrefix(history, (job) => {
          const { enqueued, remaining, cancelled } = job.batchCounts;
          const now = {
            enqueued,
            settled: enqueued - remaining - cancelled,
            failedAttempts: job.failedAttempts,
          };
          expect(now.enqueued).toBeGreaterThanOrEqual(before.enqueued);
          expect(now.settled).toBeGreaterThanOrEqual(before.settled);
          expect(now.failedAttempts).toBeGreaterThanOrEqual(before.failedAttempts);
          before = now;
          const document = stringifyWithRaw(jobStatusDocument(job, NEVER_STALLED));
          expect(document).toBe(final ?? document);
          if (job.end !== null) final = document;
        });
      }),
    );
  });
});

describe('of the workers of any history', () => {
  it('those done with batches add up to the successful attempts, never fewer than the batches', () => {
    fc.assert(
      fc.property(factsInTwoOrders, ({ once, again }) => {
        const attempts = once.flatMap(({ event }) =>
          event.type === 'BatchSucceeded' ? [`${event.data.index}.${event.data.attempt}`] : [],
        );
        const job = jobOf(viewOf(logOf(again)));
        const done = workersOf(job, NEVER_STALLED).reduce((sum, one) => sum + one.batches_done, 0);
        expect(done).toBe(new Set(attempts).size);
        expect(done).toBeGreaterThanOrEqual(job.batchCounts.succeeded);
      }),
    );
  });

  it('exactly those are announced as stalled that are, in a job that goes on, and were not yet', () => {
    fc.assert(
      fc.property(anyHistory, fc.constantFrom(...rules), (history, rule) => {
        const job = jobOf(viewOf(logOf(history)));
        const announced = unannouncedStalls([job], rule).stalled.map(
          ({ event }) => `${event.data.workerId}.${event.data.restart}`,
        );
        const wanted = workersOf(job, rule).filter(
          ({ worker_id: id, state }) =>
            state === 'stalled' && job.workers.get(id)?.isStalled === false,
        );
        expect(announced).toEqual(wanted.map((one) => `${one.worker_id}.${one.restarts}`));
        if (job.end === null) return;
        expect(announced).toEqual([]);
        expect(workersOf(job, rule).some(({ state }) => state === 'stalled')).toBe(false);
      }),
    );
  });
});

describe('facts that come twice and in another order', () => {
  it('give the same view and the same document', () => {
    fc.assert(
      fc.property(factsInTwoOrders, ({ once, again }) => {
        const one = jobOf(viewOf(logOf(once)));
        const other = jobOf(viewOf(logOf(again)));
        expect(snapshotOf(other)).toEqual(snapshotOf(one));
        expect(stringifyWithRaw(jobStatusDocument(other, NEVER_STALLED))).toBe(
          stringifyWithRaw(jobStatusDocument(one, NEVER_STALLED)),
        );
        for (const rule of rules) {
          expect(workersOf(other, rule)).toEqual(workersOf(one, rule));
          expect(unannouncedStalls([other], rule)).toEqual({
            ...unannouncedStalls([one], rule),
            stalled: unannouncedStalls([one], rule).stalled.map((stall) => ({
              ...stall,
              job: other,
            })),
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('give the same final document when the job ends after them', () => {
    const end: TimedEvent[] = [
      { event: enqueuingCompleted(), at: '2026-11-23T23:00:00.000Z' },
      { event: jobCompleted(), at: '2026-11-23T23:00:01.000Z' },
    ];
    fc.assert(
      fc.property(factsInTwoOrders, ({ once, again }) => {
        expect(documentOf(viewOf(logOf([...again, ...end])))).toBe(
          documentOf(viewOf(logOf([...once, ...end]))),
        );
      }),
    );
  });

  it('count a failed attempt once for each batch and attempt', () => {
    fc.assert(
      fc.property(facts, (history) => {
        const attempts = history.flatMap(({ event }) =>
          event.type === 'BatchFailed' ? [`${event.data.index}.${event.data.attempt}`] : [],
        );
        const job = jobOf(viewOf(logOf([...history, ...history])));
        expect(job.failedAttempts).toBe(new Set(attempts).size);
      }),
    );
  });
});

describe('a view that is stored and read back', () => {
  it('at any position goes on as if it had never stopped', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const log = logOf(history);
        const whole = viewOf(log);
        for (let cut = 0; cut <= log.length; cut++) {
          const resumed = stopAndRestart(viewOf(log.slice(0, cut)));
          for (const entry of log) resumed.apply(entry); // From the start: it knows where it was.
          expect(resumed.snapshot()).toEqual(whole.snapshot());
          expect(documentOf(resumed)).toBe(documentOf(whole));
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each([null, new RawJson('{"n":9007199254740993}')])('keeps config %p', (config) => {
    const view = new PlatformView();
    const event = aJobSubmitted({ config });
    view.apply({ position: 1, id: '1', at: '2026-11-23T10:00:00.000Z', event });
    expect(documentOf(stopAndRestart(view))).toBe(documentOf(view));
  });

  it('has the same bytes whatever it was built from', () => {
    fc.assert(
      fc.property(factsInTwoOrders, ({ once, again }) => {
        expect(snapshotBytes(again)).toBe(snapshotBytes(once));
      }),
    );
  });

  it('takes one bit per batch and rung, however many facts it was told', () => {
    const batchCount = 80_000;
    const log = logOf([
      { event: batchesEnqueued({ batchCount }), at: '2026-11-23T10:00:00.000Z' },
      ...Array.from({ length: batchCount }, (_, index) => ({
        event: batchFailed({ index, next: 'fail' }),
        at: '2026-11-23T10:00:00.000Z',
      })),
    ]);
    const bytes = JSON.stringify(jobOf(viewOf(log)).snapshot()).length;
    const bitsInBase64 = (batchCount / 8) * (4 / 3);
    expect(bytes).toBeLessThan(2 * bitsInBase64 + 2000); // Failed, and failed at attempt 1.
  });
});
