import { describe, expect, it } from '@jest/globals';
import { jobDecider } from '#libs/domain/job/job.decider.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { JobNotFound } from '#libs/domain/job/job.rejections.ts';
import { A_JOB, stopJob, submitJob } from '#test/support/job.builders.ts';
import { API } from './event-store.contract.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  type EventStore,
  EventStoreUnavailable,
  VersionConflict,
} from './event-store.port.ts';
import { eventId } from './event-ids.ts';
import { handleCommand, type Stamp } from './handle-command.ts';
import { InMemoryEventStore } from './in-memory/in-memory-event-store.ts';

const lane: DecisionLane<JobEvent> = { kind: 'job', apiName: API, jobId: A_JOB };
const stamp: Stamp = { idOf: eventId, now: () => new Date('2026-01-02T03:04:05.678Z') };

/** A store whose appends are first put through `interfere`. */
function storeWith(interfere: (append: EventStore['append']) => EventStore['append']): EventStore {
  const store = new InMemoryEventStore();
  const append = store.append.bind(store);
  return Object.assign(store, { append: interfere(append) });
}

describe('handling a command', () => {
  it('appends what was decided and says where it stands', async () => {
    const store = new InMemoryEventStore();
    const decided = await handleCommand(store, jobDecider, stamp, { lane, command: submitJob() });
    expect(decided).toMatchObject({ position: 1, event: { type: 'JobSubmitted' } });
    expect((await store.read(lane)).events).toMatchObject([
      { id: `${A_JOB}.JobSubmitted`, at: '2026-01-02T03:04:05.678Z' },
    ]);
  });

  it('appends nothing when the command has taken effect already', async () => {
    const store = new InMemoryEventStore();
    await handleCommand(store, jobDecider, stamp, { lane, command: submitJob() });
    const again = await handleCommand(store, jobDecider, stamp, { lane, command: submitJob() });
    expect(again).toEqual({ event: null, position: 0 });
    expect(await store.lastPosition()).toBe(1);
  });

  it('passes a rejection on', async () => {
    const store = new InMemoryEventStore();
    const stopping = handleCommand(store, jobDecider, stamp, { lane, command: stopJob() });
    await expect(stopping).rejects.toBeInstanceOf(JobNotFound);
  });

  it('lets the same command of ten callers take effect once', async () => {
    const store = new InMemoryEventStore();
    const callers = Array.from({ length: 10 }, () =>
      handleCommand(store, jobDecider, stamp, { lane, command: submitJob() }),
    );
    const decided = await Promise.all(callers);
    expect(decided.filter(({ event }) => event !== null)).toHaveLength(1);
    expect(await store.lastPosition()).toBe(1);
  });

  it('finds its own event when the acknowledgement was lost', async () => {
    let calls = 0;
    const store = storeWith((append) => async (...args) => {
      calls++;
      await append(...args);
      throw new VersionConflict('lane', EMPTY_LANE);
    });
    const decided = await handleCommand(store, jobDecider, stamp, { lane, command: submitJob() });
    expect(decided.event).toBeNull();
    expect(calls).toBe(1);
  });

  it('gives up on a lane that is always ahead of it', async () => {
    let calls = 0;
    const store = storeWith(() => async () => {
      calls++;
      throw new VersionConflict('lane', EMPTY_LANE);
    });
    const submitting = handleCommand(store, jobDecider, stamp, { lane, command: submitJob() });
    await expect(submitting).rejects.toBeInstanceOf(VersionConflict);
    expect(calls).toBe(5);
  });

  it('does not repeat an append whose outcome is not known', async () => {
    const store = storeWith(() => async () => {
      throw new EventStoreUnavailable('away');
    });
    const submitting = handleCommand(store, jobDecider, stamp, { lane, command: submitJob() });
    await expect(submitting).rejects.toBeInstanceOf(EventStoreUnavailable);
  });
});
