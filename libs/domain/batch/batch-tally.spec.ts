import { describe, expect, it } from '@jest/globals';
import {
  batchDeadLettered,
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
  jobStarted,
} from '#test/support/batch.builders.ts';
import { settledCount } from './batch-counts.ts';
import type { BatchEvent } from './batch.events.ts';
import { BatchTally } from './batch-tally.ts';

const tallyOf = (...events: readonly BatchEvent[]): BatchTally => {
  const tally = new BatchTally();
  for (const event of events) tally.apply(event);
  return tally;
};
const countsOf = (...events: readonly BatchEvent[]) => tallyOf(...events).batchCounts(false);

describe('enqueued batches', () => {
  it('remain until they are settled', () => {
    expect(countsOf(batchesEnqueued({ firstIndex: 0, batchCount: 10 }))).toEqual({
      enqueued: 10,
      succeeded: 0,
      failed: 0,
      deadLettered: 0,
      cancelled: 0,
      remaining: 10,
    });
  });
  it('are counted once when sends repeat and overlap', () => {
    const sends = [
      batchesEnqueued({ firstIndex: 0, batchCount: 10 }),
      batchesEnqueued({ firstIndex: 10, batchCount: 5 }),
      batchesEnqueued({ firstIndex: 5, batchCount: 7 }),
      batchesEnqueued({ firstIndex: 10, batchCount: 5 }),
    ];
    expect(countsOf(...sends).enqueued).toBe(15);
  });
  it.each([
    ['succeeded', batchSucceeded({ index: 4 })],
    ['failed', batchFailed({ index: 4 })],
    ['was dead-lettered', batchDeadLettered({ index: 4 })],
  ])('include one that %s before its send was recorded', (_what, outcome) => {
    expect(countsOf(outcome)).toMatchObject({ enqueued: 5, remaining: 4 });
    expect(countsOf(outcome, batchesEnqueued())).toMatchObject({ enqueued: 10, remaining: 9 });
  });
  it('are not changed by the job’s start', () => {
    expect(countsOf(jobStarted())).toEqual(countsOf());
  });
});

describe('the outcome of a batch', () => {
  const failed = batchFailed({ attempt: 1, next: 'fail' });
  const deadLettered = batchDeadLettered({ attempt: 2 });
  const succeeded = batchSucceeded({ attempt: 3 });

  it('is open while an attempt is retried or on its way to the dead-letter queue', () => {
    for (const next of ['retry', 'dead-letter'] as const) {
      const tally = tallyOf(batchFailed({ next }));
      expect(tally.batchCounts(false)).toMatchObject({ remaining: 1, failed: 0 });
      expect(tally.isSettled(0)).toBe(false);
    }
  });

  it.each([
    ['failed', [failed], { failed: 1 }],
    ['deadLettered', [deadLettered], { deadLettered: 1 }],
    ['succeeded', [succeeded], { succeeded: 1 }],
    ['deadLettered', [failed, deadLettered], { deadLettered: 1 }],
    ['deadLettered', [deadLettered, failed], { deadLettered: 1 }],
    ['succeeded', [failed, succeeded], { succeeded: 1 }],
    ['succeeded', [succeeded, failed], { succeeded: 1 }],
    ['succeeded', [deadLettered, succeeded], { succeeded: 1 }],
    ['succeeded', [succeeded, deadLettered], { succeeded: 1 }],
    ['succeeded', [failed, deadLettered, succeeded], { succeeded: 1 }],
    ['succeeded', [succeeded, deadLettered, failed], { succeeded: 1 }],
    ['succeeded', [deadLettered, succeeded, failed], { succeeded: 1 }],
  ])('is the highest on the ladder: %s', (_outcome, events, settled) => {
    const tally = tallyOf(...events, ...events); // Every fact twice.
    expect(tally.isSettled(0)).toBe(true);
    expect(tally.batchCounts(false)).toEqual({
      enqueued: 1,
      succeeded: 0,
      failed: 0,
      deadLettered: 0,
      cancelled: 0,
      remaining: 0,
      ...settled,
    });
  });

  it('is of that batch alone', () => {
    const tally = tallyOf(batchesEnqueued({ batchCount: 3 }), batchSucceeded({ index: 1 }));
    expect([0, 1, 2].map((index) => tally.isSettled(index))).toEqual([false, true, false]);
  });

  it('is cancelled when the job ends first', () => {
    const tally = tallyOf(batchesEnqueued({ batchCount: 3 }), batchSucceeded({ index: 1 }));
    expect(tally.batchCounts(true)).toMatchObject({ succeeded: 1, cancelled: 2, remaining: 0 });
  });
});

describe('failed attempts', () => {
  it('are counted by batch and attempt', () => {
    const tally = tallyOf(
      batchFailed({ index: 0, attempt: 1, next: 'retry' }),
      batchFailed({ index: 0, attempt: 2, next: 'retry' }),
      batchFailed({ index: 0, attempt: 2, next: 'retry' }),
      batchFailed({ index: 0, attempt: 3, next: 'dead-letter' }),
      batchDeadLettered({ index: 0, attempt: 3 }),
      batchFailed({ index: 1, attempt: 1, next: 'retry' }),
      batchSucceeded({ index: 1, attempt: 2 }),
    );
    expect(tally.failedAttempts).toBe(4);
    expect(tally.batchCounts(false)).toMatchObject({ succeeded: 1, failed: 0, deadLettered: 1 });
  });
});

describe('the average time per batch', () => {
  it('is not known before a success', () => {
    expect(tallyOf(batchFailed({ durationUs: 5 })).averageSeconds).toBeNull();
  });
  it('is the mean of successful attempts', () => {
    const tally = tallyOf(
      batchSucceeded({ index: 0, durationUs: 1_000_000 }),
      batchSucceeded({ index: 0, durationUs: 1_000_000 }),
      batchSucceeded({ index: 1, durationUs: 500_000 }),
      batchFailed({ index: 2, durationUs: 9_000_000 }),
    );
    expect(tally.averageSeconds).toBe(0.75);
  });
  it('has both times of a batch that two workers ran to success, whichever came first', () => {
    const slow = batchSucceeded({ attempt: 1, durationUs: 3_000_000 });
    const quick = batchSucceeded({ attempt: 2, durationUs: 1_000_000 });
    expect(tallyOf(slow, quick).averageSeconds).toBe(2);
    expect(tallyOf(quick, slow).averageSeconds).toBe(2);
    expect(countsOf(slow, quick)).toMatchObject({ succeeded: 1 });
  });
});

describe('a frozen tally', () => {
  it('keeps its counts and forgets which batch is which', () => {
    const events = [
      batchesEnqueued(),
      batchSucceeded({ index: 0 }),
      batchFailed({ index: 1 }),
      batchDeadLettered({ index: 2 }),
    ];
    const tally = tallyOf(...events);
    tally.freeze();
    const live = tallyOf(...events);
    expect(tally.batchCounts(true)).toEqual(live.batchCounts(true));
    expect(tally.failedAttempts).toBe(live.failedAttempts);
    expect(tally.averageSeconds).toBe(live.averageSeconds);
    expect([0, 1, 2].some((index) => tally.isSettled(index))).toBe(false);
    expect(tally.snapshot()).toMatchObject({ succeeded: [], failed: '', attemptsFailed: [] });
  });
});

describe('settled batches', () => {
  it('are those with an outcome of their own', () => {
    expect(settledCount({ succeeded: 3, failed: 2, deadLettered: 1 })).toBe(6);
  });
});
