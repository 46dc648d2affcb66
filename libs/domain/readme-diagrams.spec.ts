import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  batchDeadLettered,
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
  jobStarted,
} from '#test/support/batch.builders.ts';
import {
  abortJob,
  completeEnqueuing,
  failEnqueuing,
  finishJob,
  stopJob,
  submitJob,
} from '#test/support/job.builders.ts';
import type { BatchEvent } from './batch/batch.events.ts';
import { BatchTally } from './batch/batch-tally.ts';
import type { JobCommand } from './job/job.commands.ts';
import { jobDecider } from './job/job.decider.ts';
import type { JobEvent } from './job/job.events.ts';
import { END_STATUSES } from './job/job-status-code.ts';
import { fold } from './kernel/decider.ts';
import { Rejection } from './kernel/errors.ts';
import { JobView } from './status/job-view.ts';

// The diagrams in the README are drawn by hand; these compare them with what the code allows.

/** Transitions of the diagram under `heading` as `from -> to`; one from a group is one from each member. */
function drawnUnder(heading: string): string[] {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const [, section = ''] = readme.split(`## ${heading}\n`);
  const [, diagram = ''] = /```mermaid\n(.*?)```/s.exec(section) ?? [];
  const groups = new Map<string, Set<string>>();
  const drawn: [from: string, to: string][] = [];
  let group: Set<string> | null = null;
  for (const line of diagram.split('\n')) {
    const [, opened] = /^ *state (\w+) \{$/.exec(line) ?? [];
    if (opened !== undefined) groups.set(opened, (group = new Set()));
    if (line.trim() === '}') group = null;
    const [, from, to] = /^ *(\S+) --> (\w+)/.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    drawn.push([from, to]);
    group?.add(from).add(to);
  }
  return drawn.flatMap(([from, to]) =>
    [...(groups.get(from) ?? [from])].map((one) => `${one} -> ${to}`),
  );
}

type Happening = JobCommand | BatchEvent;

/** Everything that can be asked of a job of one batch or be observed of it. */
const happenings: readonly Happening[] = [
  submitJob(),
  batchesEnqueued({ batchCount: 1 }),
  jobStarted(),
  batchSucceeded({ index: 0 }),
  batchFailed({ index: 0, next: 'fail' }),
  batchDeadLettered({ index: 0 }),
  completeEnqueuing({ totalBatchCount: 1 }),
  failEnqueuing(),
  stopJob(),
  finishJob(),
  ...END_STATUSES.flatMap((status) =>
    status === 'succeeded' || status === 'completed_with_failures' ? [] : [abortJob({ status })],
  ),
];

/** A job as the decider and the view see it. */
class Job {
  constructor(readonly past: readonly (JobEvent | BatchEvent)[]) {}

  view(): JobView | null {
    const [first, ...rest] = this.past;
    if (first?.type !== 'JobSubmitted') return null;
    const view = new JobView(first.data, '2026-11-23T10:00:00.000Z');
    for (const event of rest) apply(view, event);
    return view;
  }

  after(happening: Happening): Job {
    const view = this.view();
    if (isObservation(happening)) return view === null ? this : new Job([...this.past, happening]);
    const command =
      happening.type === 'FinishJob' && view !== null
        ? finishJob({ counts: view.batchCounts })
        : happening;
    const lane = this.past.filter((event): event is JobEvent => !isObservation(event));
    try {
      return new Job([...this.past, ...jobDecider.decide(fold(jobDecider, lane), command)]);
    } catch (error) {
      if (error instanceof Rejection) return this;
      throw error;
    }
  }
}

function isObservation(one: Happening | JobEvent): one is BatchEvent {
  return one.type.startsWith('Batch') || one.type === 'JobStarted';
}

function apply(view: JobView, event: JobEvent | BatchEvent): void {
  if (isObservation(event)) view.applyBatchEvent(event, '2026-11-23T10:00:01.000Z');
  else if (event.type !== 'JobSubmitted') view.applyJobEvent(event, '2026-11-23T10:00:01.000Z');
}

/** Every change of status that any sequence of happenings leads to: all states are visited. */
function reachableJobTransitions(): Set<string> {
  const transitions = new Set<string>();
  const seen = new Set<string>();
  const open = [new Job([])];
  for (let job = open.pop(); job !== undefined; job = open.pop()) {
    const from = job.view()?.status ?? '[*]';
    for (const happening of happenings) {
      const next = job.after(happening);
      const view = next.view();
      if (view === null) continue;
      if (view.status !== from) transitions.add(`${from} -> ${view.status}`);
      const state = JSON.stringify(view.snapshot());
      if (seen.has(state)) continue;
      seen.add(state);
      open.push(next);
    }
  }
  return transitions;
}

const outcomeOf = (past: readonly BatchEvent[]): string => {
  const tally = new BatchTally();
  for (const event of past) tally.apply(event);
  const counts = tally.batchCounts(false);
  const outcomes = ['remaining', 'failed', 'deadLettered', 'succeeded'] as const;
  return outcomes.find((outcome) => counts[outcome] === 1) ?? '[*]';
};

describe('the diagram of', () => {
  it('a job’s status has the transitions that the decider and the view allow', () => {
    expect(drawnUnder("A job's status").sort()).toEqual([...reachableJobTransitions()].sort());
  });

  it('a batch’s outcome has the climbs that the tally makes', () => {
    const facts = [
      batchFailed({ index: 0, next: 'fail' }),
      batchDeadLettered({ index: 0 }),
      batchSucceeded({ index: 0 }),
    ];
    const climbs = new Set<string>();
    const climb = (past: readonly BatchEvent[], depth: number): void => {
      for (const fact of facts) {
        const [from, to] = [outcomeOf(past), outcomeOf([...past, fact])];
        if (from !== to) climbs.add(`${from} -> ${to}`);
        if (depth > 1) climb([...past, fact], depth - 1);
      }
    };
    climb([batchesEnqueued({ batchCount: 1 })], 4);
    expect(drawnUnder("A batch's outcome").sort()).toEqual(['[*] -> remaining', ...climbs].sort());
  });
});
