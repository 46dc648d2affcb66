import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  abortJob,
  completeEnqueuing,
  counts,
  failEnqueuing,
  finishJob,
  stopJob,
  submitJob,
} from '#test/support/job.builders.ts';
import { fold } from '../kernel/decider.ts';
import { Rejection } from '../kernel/errors.ts';
import type { JobCommand } from './job.commands.ts';
import { jobDecider } from './job.decider.ts';
import type { JobEvent } from './job.events.ts';
import { END_STATUSES } from './job-status-code.ts';

const commands: fc.Arbitrary<JobCommand> = fc.oneof(
  fc.constant(submitJob()),
  fc.nat({ max: 3 }).map((totalBatchCount) => completeEnqueuing({ totalBatchCount })),
  fc.constant(failEnqueuing()),
  fc.constant(stopJob()),
  fc
    .record({
      succeeded: fc.nat({ max: 3 }),
      failed: fc.nat({ max: 2 }),
      deadLettered: fc.nat({ max: 1 }),
    })
    .map((settled) => finishJob({ counts: counts(settled) })),
  fc
    .constantFrom(...END_STATUSES)
    .filter((status) => status !== 'succeeded' && status !== 'completed_with_failures')
    .map((status) => abortJob({ status })),
);
const commandSequences = fc.array(commands, { maxLength: 25 });

/** What the decider says; a rejection says nothing. */
function decided(past: readonly JobEvent[], command: JobCommand): readonly JobEvent[] {
  try {
    return jobDecider.decide(fold(jobDecider, past), command);
  } catch (error) {
    if (error instanceof Rejection) return [];
    throw error;
  }
}
const laneAfter = (sequence: readonly JobCommand[]): JobEvent[] => {
  const lane: JobEvent[] = [];
  for (const command of sequence) lane.push(...decided(lane, command));
  return lane;
};

describe('whatever is asked of a job, in whatever order', () => {
  it('its lane has each event at most once, a submission first and nothing after the end', () => {
    fc.assert(
      fc.property(commandSequences, (sequence) => {
        const types = laneAfter(sequence).map(({ type }) => type);
        expect(new Set(types).size).toBe(types.length);
        if (types.length > 0) expect(types[0]).toBe('JobSubmitted');
        const end = types.indexOf('JobCompleted');
        expect([-1, types.length - 1]).toContain(end);
        const isEnqueued = types.includes('EnqueuingCompleted');
        expect(isEnqueued && types.includes('EnqueuingFailed')).toBe(false);
      }),
    );
  });

  it('asking the same again adds nothing', () => {
    fc.assert(
      fc.property(commandSequences, commands, (sequence, command) => {
        const lane = laneAfter([...sequence, command]);
        expect(decided(lane, command)).toEqual([]);
      }),
    );
  });

  it('a repeated event leaves the state as it is', () => {
    fc.assert(
      fc.property(commandSequences, (sequence) => {
        const lane = laneAfter(sequence);
        const last = lane.slice(-1);
        expect(fold(jobDecider, [...lane, ...last])).toEqual(fold(jobDecider, lane));
      }),
    );
  });

  it('succeeds only with every batch succeeded', () => {
    fc.assert(
      fc.property(commandSequences, commands, (sequence, command) => {
        const lane = laneAfter(sequence);
        const [event] = decided(lane, command);
        if (event?.type !== 'JobCompleted' || event.data.status !== 'succeeded') return;
        const state = fold(jobDecider, lane);
        expect(command).toMatchObject({ data: { counts: { failed: 0, deadLettered: 0 } } });
        expect(state).toMatchObject({ phase: 'enqueued', stopRequest: null });
      }),
    );
  });
});
