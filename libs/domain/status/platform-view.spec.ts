import { describe, expect, it } from '@jest/globals';
import { anApiDeleted, anApiDeployed, anApiSpec } from '#test/support/api.builders.ts';
import { batchesEnqueued, batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { apiId, apiName, jobId, workerId } from '../kernel/ids.ts';
import type { LoggedEvent, PlatformEvent } from '../platform-event.ts';
import { PlatformView } from './platform-view.ts';

const sum = apiName('sum');
const logged = (event: PlatformEvent, position: number): LoggedEvent => ({
  position,
  id: String(position),
  at: `2026-11-23T10:00:0${position}.000Z`,
  event,
});
function viewOf(...events: readonly PlatformEvent[]): PlatformView {
  const view = new PlatformView();
  for (const [place, event] of events.entries()) view.apply(logged(event, place + 1));
  return view;
}

const NO_WEBHOOKS = { pending: [], disabled: [] };

describe('the view of the platform', () => {
  it('takes an event once, by its position', () => {
    const view = viewOf(aJobSubmitted());
    const stopped = jobCompleted({ status: 'stopped' });
    expect(view.apply(logged(stopped, 1))).toEqual([]);
    expect(view.jobs.get(A_JOB)?.end).toBeNull();
    expect(view.apply(logged(stopped, 5))).toEqual([view.jobs.get(A_JOB)]);
    expect(view.position).toBe(5);
  });

  it('answers which jobs an event is about', () => {
    const view = new PlatformView();
    const [job] = view.apply(logged(aJobSubmitted(), 1));
    expect(job?.submitted.jobId).toBe(A_JOB);
    expect(view.apply(logged(batchesEnqueued(), 2))[0]).toBe(job);
    expect(view.apply(logged(workerStateChanged(), 3))[0]).toBe(job);
    expect(view.apply(logged(anApiDeployed(), 4))).toEqual([]);
    expect(view.apply(logged(anApiDeleted(), 5))[0]).toBe(job);
  });

  it('keeps a job that is submitted twice as it is', () => {
    const view = viewOf(aJobSubmitted(), jobCompleted(), aJobSubmitted());
    expect(view.jobs.size).toBe(1);
    expect(view.jobs.get(A_JOB)?.status).toBe('succeeded');
  });

  it('ignores facts about a job that was never submitted', () => {
    const unknown = jobId('00000000000000ff');
    const view = viewOf(batchSucceeded({ jobId: unknown }), jobCompleted({ jobId: unknown }));
    expect(view.snapshot()).toMatchObject({ position: 2, apis: [], jobs: [] });
  });

  it('passes idempotency keys by', () => {
    const claim = { jobId: A_JOB, bodySha256: 'body' };
    expect(viewOf({ type: 'IdempotencyKeyClaimed', data: claim }).snapshot()).toMatchObject({
      position: 1,
      apis: [],
      jobs: [],
      webhooks: NO_WEBHOOKS,
    });
  });

  it('ignores a worker that the job does not have', () => {
    const view = viewOf(
      aJobSubmitted({ workers: 1 }),
      workerStateChanged({ workerId: workerId(1) }),
    );
    expect([...(view.jobs.get(A_JOB)?.workers.keys() ?? [])]).toEqual(['0']);
  });

  it('tells which batches of a job are settled', () => {
    const job = viewOf(aJobSubmitted(), batchesEnqueued(), batchSucceeded({ index: 3 })).jobs.get(
      A_JOB,
    );
    expect([2, 3].map((index) => job?.isSettled(index))).toEqual([false, true]);
  });

  it('follows workers beyond the end of their job', () => {
    const left = workerStateChanged({ state: 'succeeded' });
    const view = viewOf(aJobSubmitted(), jobCompleted(), left);
    expect(view.jobs.get(A_JOB)?.workers.get(workerId(0))?.state).toBe('succeeded');
  });
});

const cursorAfter = (...events: readonly PlatformEvent[]) =>
  viewOf(aJobSubmitted(), ...events).jobs.get(A_JOB)?.cursor;

describe('a job whose API is deleted', () => {
  const again = anApiDeployed({ apiId: apiId('spec-2') });

  it.each([
    ['not deleted', [anApiDeployed(), aJobSubmitted()], false],
    ['deleted while it runs', [anApiDeployed(), aJobSubmitted(), anApiDeleted()], true],
    ['deleted before it was submitted', [anApiDeployed(), anApiDeleted(), aJobSubmitted()], true],
    [
      'deleted and deployed anew before it was submitted',
      [anApiDeployed(), anApiDeleted(), again, aJobSubmitted()],
      true,
    ],
    [
      'deployed again before it was submitted',
      [anApiDeployed(), anApiDeleted(), again, aJobSubmitted({ apiId: apiId('spec-2') })],
      false,
    ],
    ['deployed over', [anApiDeployed(), aJobSubmitted(), again], false],
    [
      'deleted after its end',
      [anApiDeployed(), aJobSubmitted(), jobCompleted(), anApiDeleted()],
      false,
    ],
  ])('knows it, where the API was %s', (_when, events, expected) => {
    const view = viewOf(...events);
    expect(view.jobs.get(A_JOB)?.isApiDeleted).toBe(expected);
    expect(PlatformView.restore(view.snapshot()).snapshot()).toEqual(view.snapshot());
  });

  it('is only one of that API', () => {
    const other = jobId('00000000000000bb');
    const view = viewOf(
      anApiDeployed(),
      aJobSubmitted({ jobId: other, apiName: apiName('mean') }),
      anApiDeleted(),
    );
    expect(view.jobs.get(other)?.isApiDeleted).toBe(false);
  });
});

describe('the enqueuing cursor', () => {
  const first = batchesEnqueued({ firstIndex: 0, batchCount: 4, itemCount: 40, cursor: '400' });
  const next = batchesEnqueued({
    firstIndex: 4,
    batchCount: 2,
    itemCount: 13,
    cursor: '530',
    skippedLineCount: 3,
  });
  const overlapping = batchesEnqueued({
    firstIndex: 2,
    batchCount: 4,
    itemCount: 33,
    cursor: '530',
    skippedLineCount: 3,
  });

  it('is at the start before anything was sent', () => {
    expect(cursorAfter()).toEqual({
      position: '',
      batchCount: 0,
      itemCount: 0,
      skippedLineCount: 0,
    });
  });
  it.each([
    ['in order', [first, next]],
    ['recorded twice', [first, first, next, next]],
    ['in another order', [next, first]],
    ['overlapping', [first, overlapping]],
  ])('is behind the furthest send, with what came before it (%s)', (_how, sends) => {
    expect(cursorAfter(...sends)).toEqual({
      position: '530',
      batchCount: 6,
      itemCount: 53,
      skippedLineCount: 3,
    });
  });
});

describe('an API', () => {
  const moved = anApiSpec({ networking: { endpoint: '/moved' } });
  const redeployed = anApiDeployed({ apiId: apiId('spec-2'), spec: moved });

  it('has every version it ever had', () => {
    const api = viewOf(anApiDeployed(), redeployed).apis.get(sum);
    expect(api?.current?.deployed.spec).toEqual(moved);
    expect(api?.current?.deployedAt).toBe('2026-11-23T10:00:02.000Z');
    expect(api?.version(apiId('spec-1'))?.deployed.spec).toEqual(anApiSpec());
    expect(api?.version(apiId('spec-3'))).toBeNull();
    expect(api?.allVersions.map(({ deployed }) => deployed.apiId)).toEqual(['spec-2', 'spec-1']);
  });

  it('that is deleted has no current version and keeps its history', () => {
    const api = viewOf(anApiDeployed(), anApiDeleted()).apis.get(sum);
    expect(api?.current).toBeNull();
    expect(api?.allVersions).toHaveLength(1);
  });

  it('comes back from a snapshot', () => {
    for (const events of [
      [anApiDeployed(), redeployed],
      [anApiDeployed(), anApiDeleted()],
    ]) {
      const snapshot = viewOf(...events).snapshot();
      const restored = PlatformView.restore(JSON.parse(JSON.stringify(snapshot)));
      expect(restored.snapshot()).toEqual(snapshot);
      expect(restored.apis.get(sum)?.current).toEqual(viewOf(...events).apis.get(sum)?.current);
    }
  });
});
