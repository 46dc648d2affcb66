import { describe, expect, it } from '@jest/globals';
import { FULL_SIZE, planOf, TARGETS } from './chaos-plan.ts';
import { expectedEnd } from './expected-end.ts';

describe('the plan of a seed', () => {
  it('is the same every time', () => {
    expect(planOf(7)).toEqual(planOf(7));
  });

  it('is another for another seed', () => {
    expect(planOf(7).jobs).not.toEqual(planOf(8).jobs);
    expect(planOf(7).faults).not.toEqual(planOf(8).faults);
  });

  it('has jobs of every end that a handler or a client can bring about', () => {
    const { jobs } = planOf(1);
    expect(jobs).toHaveLength(FULL_SIZE.jobCount);
    expect(new Set(jobs.map((job) => expectedEnd(job).status))).toEqual(
      new Set(['succeeded', 'completed_with_failures', 'stopped', 'timed_out', 'worker_error']),
    );
    expect(new Set(jobs.map(({ name }) => name)).size).toBe(FULL_SIZE.jobCount);
  });

  it('kills and pauses every kind of process', () => {
    const { faults } = planOf(1);
    for (const target of TARGETS) {
      const pauses = faults
        .filter((fault) => fault.target === target)
        .map(({ pauseMs }) => pauseMs);
      expect(pauses).toContain(null);
      expect(pauses.some((pauseMs) => pauseMs !== null)).toBe(true);
    }
  });

  it('does nothing to the last jobs, which have to end by themselves', () => {
    const { faults } = planOf(1);
    expect(Math.max(...faults.map(({ afterEndedCount }) => afterEndedCount))).toBeLessThan(190);
  });

  it('can be made smaller', () => {
    const { jobs } = planOf(1, { jobCount: 12, batchCount: 5 });
    expect(jobs).toHaveLength(12);
    expect(jobs.every(({ batchCount }) => batchCount === 5)).toBe(true);
  });
});

function planned(kind: string) {
  const job = planOf(1).jobs.find((each) => each.kind === kind);
  if (job === undefined) throw new Error(`no job is ${kind}`);
  return { job, end: expectedEnd(job) };
}

describe('what a job must come to', () => {
  it('is all of its batches, when nothing is wrong with them', () => {
    expect(planned('plain').end).toEqual({
      status: 'succeeded',
      settled: { failed: [], deadLettered: [] },
    });
    expect(planned('crashing').end.settled).toEqual({ failed: [], deadLettered: [] });
  });

  it.each(['dead-letters', 'poison'])('is all but the marked ones, which are kept (%s)', (kind) => {
    const { job, end } = planned(kind);
    const marked = [...job.marks.keys()].toSorted((a, b) => a - b);
    expect(end.settled).toEqual({ failed: [], deadLettered: marked });
  });

  it('is all but the marked ones, which failed', () => {
    const { job, end } = planned('failing');
    const marked = [...job.marks.keys()].toSorted((a, b) => a - b);
    expect(end.settled).toEqual({ failed: marked, deadLettered: [] });
  });

  it.each(['stopped', 'timed-out', 'broken', 'doomed'])('is not known by batch (%s)', (kind) => {
    expect(planned(kind).end.settled).toBeNull();
  });
});
