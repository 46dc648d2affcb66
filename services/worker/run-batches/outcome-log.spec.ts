import { beforeEach, describe, expect, it } from '@jest/globals';
import { jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { until } from '#test/support/until.ts';
import { succeeded } from './batch-outcome.ts';
import { OutcomeLog } from './outcome-log.ts';

const RUNNER = { jobId: jobId('00000000000000aa'), workerId: workerId(0), deadLetterQueue: null };

describe('the outcomes of a worker, with room for two', () => {
  /** Answers of the store to the writes so far. */
  let answers: (() => void)[];
  let removed: number[];
  let outcomes: OutcomeLog;
  let hasRoom: boolean;

  beforeEach(() => {
    answers = [];
    removed = [];
    hasRoom = false;
    outcomes = new OutcomeLog({
      record: () => new Promise((resolve) => answers.push(resolve)),
      deadLetter: () => Promise.resolve(),
      queue: {
        remove: (batches) => removed.push(...batches.map(({ index }) => index)),
        release: () => {},
      },
      clock: systemClock,
      logger: silentLogger,
      backlogCountMax: 2,
    });
  });

  const add = (...indexes: number[]): void => {
    for (const index of indexes) {
      outcomes.add(succeeded(RUNNER, { index, attempt: 1, payload: new Uint8Array() }, 1));
    }
  };

  const waitForRoom = (): void => {
    void outcomes.room().then(() => (hasRoom = true));
  };

  const untilWritten = (count: number): Promise<unknown> =>
    until(`write ${count}`, () => answers.length === count);

  it('are full with what is being written and what waits', async () => {
    add(0);
    expect(outcomes.isFull).toBe(false);
    await untilWritten(1);
    add(1);
    expect(outcomes.isFull).toBe(true);
  });

  it('have room again when a write is done, which does not wait for a larger group', async () => {
    add(0, 1);
    waitForRoom();
    await untilWritten(1);
    expect({ hasRoom, removed }).toEqual({ hasRoom: false, removed: [] });

    answers[0]?.();
    await until('room', () => hasRoom);
    expect(removed).toEqual([0, 1]);
  });

  it('let nobody wait for room after a halt', async () => {
    add(0, 1);
    waitForRoom();
    await untilWritten(1);
    outcomes.halt();
    await until('an end of waiting', () => hasRoom);
    expect(outcomes.isFull).toBe(true);
    await outcomes.room();
  });

  it('are recorded before they are closed, also those that came during a write', async () => {
    add(0);
    await untilWritten(1);
    add(1);
    const closed = outcomes.close(60_000);
    answers[0]?.();
    await untilWritten(2);
    answers[1]?.();
    await closed;
    expect(removed).toEqual([0, 1]);
  });
});
