import { describe, expect, it } from '@jest/globals';
import { aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { viewOf } from '#test/support/view.builders.ts';
import { workerStalled, workerStateChanged } from '#test/support/worker.builders.ts';
import { workerId } from '../kernel/ids.ts';
import type { PlatformEvent } from '../platform-event.ts';
import { unannouncedStalls } from './stalled-workers.ts';

const startMs = Date.parse('2026-11-23T10:00:00.000Z');
const submitted = aJobSubmitted({ workers: 2 });

/** After events of which the n-th (from 0) happened at second n; a worker may wait for 60 s. */
function unannouncedAt(second: number, ...events: readonly PlatformEvent[]) {
  const rule = { nowMs: startMs + second * 1000, stalledAfterMs: 60_000 };
  const { stalled, quietUntilMs } = unannouncedStalls(viewOf(...events).jobs.values(), rule);
  return { stalled: stalled.map(({ event }) => event), quietUntilMs };
}

describe('workers to be announced as stalled', () => {
  it('are none as long as all wait no longer than they may', () => {
    expect(unannouncedAt(60, submitted)).toEqual({
      stalled: [],
      quietUntilMs: startMs + 60_000,
    });
  });

  it('are those that have waited for longer', () => {
    expect(unannouncedAt(61, submitted, workerStateChanged())).toEqual({
      stalled: [workerStalled({ workerId: workerId(1) })],
      quietUntilMs: null,
    });
  });

  it('are not those of which it was announced', () => {
    expect(unannouncedAt(61, submitted, workerStalled()).stalled).toEqual([
      workerStalled({ workerId: workerId(1) }),
    ]);
  });

  it('are replacements again, by their own clock', () => {
    const died = workerStateChanged({ restart: 0, state: 'failed', willRestart: true });
    const waits = workerStateChanged({ restart: 1, state: 'pending' });
    const events = [submitted, workerStalled(), workerStateChanged(), died, waits];
    expect(unannouncedAt(64, ...events)).toEqual({
      stalled: [workerStalled({ workerId: workerId(1) })],
      quietUntilMs: startMs + 64_000,
    });
    expect(unannouncedAt(65, ...events).stalled).toContainEqual(workerStalled({ restart: 1 }));
  });

  it('are none of a job that has ended', () => {
    expect(unannouncedAt(61, submitted, jobCompleted())).toEqual({
      stalled: [],
      quietUntilMs: null,
    });
  });
});
