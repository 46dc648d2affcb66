import { describe, expect, it } from '@jest/globals';
import { jobId, workerId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type { ListWorkersAnswer, ListWorkersQuery } from '#libs/messaging/queries.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { NEVER_STALLED, viewOf } from '#test/support/view.builders.ts';
import { workerStalled, workerStateChanged } from '#test/support/worker.builders.ts';
import * as projector from './list-workers.ts';

const NATS_MESSAGE_BYTES_MAX = 1_048_576;
const submitted = aJobSubmitted({ workers: 3 });
const all = { jobId: A_JOB, countMax: 1000, after: null };
const listWorkers = (
  view: PlatformView,
  query: ListWorkersQuery,
  rule: StalledRule,
): ListWorkersAnswer => projector.listWorkers(view.jobs.get(query.jobId) ?? null, query, rule);
const oom = { kind: 'worker.oom', message: 'killed' };

const second = (n: number): string => `2026-11-23T10:00:0${n}.000Z`;

/** With a limit of ten minutes. */
const statesAt = (nowMs: number, events: readonly PlatformEvent[]) => {
  const rule: StalledRule = { nowMs, stalledAfterMs: 600_000 };
  return listWorkers(viewOf(...events), all, rule).page?.workers.map(({ state }) => state);
};

describe('listWorkers', () => {
  it('finds nothing under an id that no job has', () => {
    const query = { ...all, jobId: jobId('00000000000000ff') };
    expect(listWorkers(viewOf(submitted), query, NEVER_STALLED)).toEqual({ page: null });
  });

  it('gives each worker with its state, since when, why, its restarts and what it did', () => {
    const view = viewOf(
      submitted,
      workerStateChanged({ state: 'failed', willRestart: true, reason: oom }),
      workerStateChanged({ workerId: workerId(1), state: 'failed', reason: oom }),
      workerStateChanged({ restart: 1, state: 'running' }),
      batchSucceeded({ index: 0 }),
      batchSucceeded({ index: 0 }),
      batchSucceeded({ index: 1, workerId: workerId(1) }),
      batchSucceeded({ index: 2 }),
      batchSucceeded({ index: 3, workerId: workerId(3) }), // The job has no such worker.
      workerStalled({ workerId: workerId(2) }),
    );
    expect(listWorkers(view, all, NEVER_STALLED).page).toEqual({
      workers: [
        {
          worker_id: '0',
          state: 'running',
          since: second(3),
          reason: null,
          restarts: 1,
          batches_done: 2,
        },
        {
          worker_id: '1',
          state: 'failed',
          since: second(2),
          reason: oom,
          restarts: 0,
          batches_done: 1,
        },
        {
          worker_id: '2',
          state: 'stalled',
          since: second(0),
          reason: null,
          restarts: 0,
          batches_done: 0,
        },
      ],
      hasMore: false,
    });
  });

  it('says that a worker is stalled as soon as it is, and no more once the job has ended', () => {
    const startMs = Date.parse(second(0));
    const running = workerStateChanged({ workerId: workerId(1) });
    expect(statesAt(startMs + 600_000, [submitted, running])).toEqual([
      'pending',
      'running',
      'pending',
    ]);
    expect(statesAt(startMs + 600_001, [submitted, running])).toEqual([
      'stalled',
      'running',
      'stalled',
    ]);
    const ended = [submitted, running, workerStalled(), jobCompleted()];
    expect(statesAt(startMs + 600_001, ended)).toEqual(['pending', 'running', 'pending']);
  });

  it('gives pages that together are all workers', () => {
    const view = viewOf(submitted);
    const first = listWorkers(view, { ...all, countMax: 2 }, NEVER_STALLED).page;
    expect(first).toMatchObject({ workers: [{ worker_id: '0' }, { worker_id: '1' }] });
    expect(first?.hasMore).toBe(true);
    const rest = listWorkers(view, { ...all, after: workerId(1) }, NEVER_STALLED).page;
    expect(rest).toMatchObject({ workers: [{ worker_id: '2' }], hasMore: false });
    expect(listWorkers(view, { ...all, after: workerId(9) }, NEVER_STALLED).page).toEqual({
      workers: [],
      hasMore: false,
    });
  });

  it('keeps a page with long reasons within one message', () => {
    const reason = { kind: 'worker.exited', message: '語'.repeat(50_000) };
    const lost = (n: number) => workerStateChanged({ workerId: workerId(n), reason });
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const view = viewOf(aJobSubmitted({ workers: 20 }), ...numbers.map(lost));
    const answer = listWorkers(view, all, NEVER_STALLED);
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(NATS_MESSAGE_BYTES_MAX);
    expect(answer.page?.workers.length).toBeGreaterThan(1);
    expect(answer.page?.hasMore).toBe(true);
  });
});
