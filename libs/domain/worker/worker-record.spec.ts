import { describe, expect, it } from '@jest/globals';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { workerStalled, workerStateChanged } from '#test/support/worker.builders.ts';
import {
  countWorkers,
  evolveWorker,
  isStalled,
  newWorkerRecord,
  type WorkerRecord,
} from './worker-record.ts';
import { WORKER_STATES, type WorkerEvent } from './worker.events.ts';

const at = (second: number): string => `2026-11-23T10:00:0${second}.000Z`;
const noSlot = { kind: 'worker.no_slot', message: 'waiting for a slot' };
const oom = { kind: 'worker.oom', message: 'killed by signal 9' };

/** Folds events, of which the n-th happened at second n. */
const recordAfter = (...events: readonly WorkerEvent[]): WorkerRecord =>
  events.reduce(
    (record, event, place) => evolveWorker(record, event, at(place + 1)),
    newWorkerRecord(at(0)),
  );

describe('a worker', () => {
  it('is pending from the submission on', () => {
    expect(newWorkerRecord(at(0))).toEqual({
      restart: 0,
      state: 'pending',
      isStalled: false,
      isLost: false,
      since: at(0),
      reason: null,
    });
  });

  it('says why it is pending', () => {
    expect(recordAfter(workerStateChanged({ state: 'pending', reason: noSlot }))).toMatchObject({
      since: at(0),
      reason: noSlot,
    });
  });

  it.each(
    WORKER_STATES.flatMap((from, rank) =>
      WORKER_STATES.map((to, next) => [from, to, next > rank] as const),
    ),
  )('in one process goes from %s to %s: %p', (from, to, isForward) => {
    const record = recordAfter(
      workerStateChanged({ state: from }),
      workerStateChanged({ state: to }),
    );
    expect(record.state).toBe(isForward ? to : from);
  });

  it('is followed by its replacement, in whatever state that is', () => {
    const died = workerStateChanged({ state: 'failed', willRestart: true, reason: oom });
    const replacement = workerStateChanged({ restart: 1, state: 'pending' });
    expect(recordAfter(died, replacement)).toMatchObject({
      restart: 1,
      state: 'pending',
      since: at(2),
      reason: null,
    });
  });

  it('is not changed by late news of its predecessor', () => {
    const replacement = workerStateChanged({ restart: 1, state: 'initializing' });
    const died = workerStateChanged({ state: 'failed', willRestart: false });
    expect(recordAfter(replacement, died)).toEqual(recordAfter(replacement));
  });

  it.each([
    ['failed', true, false],
    ['failed', false, true],
    ['running', false, false],
  ] as const)(
    'that is %s with a replacement coming (%p) is lost: %p',
    (state, willRestart, isLost) => {
      expect(recordAfter(workerStateChanged({ state, willRestart })).isLost).toBe(isLost);
    },
  );
});

describe('a stalled worker', () => {
  it('is one that is pending', () => {
    expect(recordAfter(workerStalled())).toMatchObject({ state: 'pending', isStalled: true });
  });
  it('is no longer stalled when it starts', () => {
    const started = workerStateChanged({ state: 'initializing' });
    expect(recordAfter(workerStalled(), started).isStalled).toBe(false);
  });
  it('is not one that has started', () => {
    const started = workerStateChanged({ state: 'initializing' });
    expect(recordAfter(started, workerStalled())).toEqual(recordAfter(started));
  });
  it('stays stalled when its being pending is reported late', () => {
    const pending = workerStateChanged({ restart: 1, state: 'pending', reason: noSlot });
    const stalled = workerStalled({ restart: 1 });
    const inOrder = evolveWorker(recordAfter(pending), stalled, at(2));
    const late = evolveWorker(evolveWorker(newWorkerRecord(at(0)), stalled, at(2)), pending, at(1));
    expect(inOrder).toMatchObject({ isStalled: true, since: at(1), reason: noSlot });
    expect(late).toEqual(inOrder);
  });
  it('has its replacement’s state once replaced', () => {
    const replaced = workerStateChanged({ restart: 1, state: 'pending' });
    expect(recordAfter(workerStalled(), replaced)).toMatchObject({ restart: 1, isStalled: false });
  });
});

/** A worker may wait for three seconds. */
const ruleAt = (second: number) => ({ nowMs: Date.parse(at(second)), stalledAfterMs: 3000 });

describe('whether a worker is stalled', () => {
  const replaced = workerStateChanged({ restart: 1, state: 'pending' });

  it.each([
    ['a worker that waits as long as it may', [], 3, false],
    ['a worker that waits for longer', [], 4, true],
    ['a replacement that waits as long as it may', [replaced], 4, false],
    ['a replacement that waits for longer', [replaced], 5, true],
    ['a worker of which it was announced', [workerStalled()], 0, true],
    ['a worker that has started', [workerStateChanged({ state: 'initializing' })], 9, false],
    ['a worker that has died', [workerStateChanged({ state: 'failed' })], 9, false],
  ] as const)('%s: after %j and at second %d: %p', (_worker, events, second, expected) => {
    expect(isStalled(recordAfter(...events), ruleAt(second))).toBe(expected);
  });

  it('counts, in place of its being pending', () => {
    expect(countWorkers([recordAfter()], ruleAt(3))).toMatchObject({ pending: 1, stalled: 0 });
    expect(countWorkers([recordAfter()], ruleAt(4))).toMatchObject({ pending: 0, stalled: 1 });
  });
});

describe('worker counts', () => {
  it('have every state, and each worker once', () => {
    const records = [
      recordAfter(),
      recordAfter(workerStalled()),
      ...WORKER_STATES.slice(1).map((state) => recordAfter(workerStateChanged({ state }))),
      recordAfter(workerStateChanged({ state: 'running' })),
    ];
    expect(countWorkers(records, NEVER_STALLED)).toEqual({
      pending: 1,
      initializing: 1,
      running: 2,
      succeeded: 1,
      failed: 1,
      stalled: 1,
    });
  });
});
