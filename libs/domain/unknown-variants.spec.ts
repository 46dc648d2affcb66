import { describe, expect, it } from '@jest/globals';
import { aJobSubmitted, finishJob, stopJob } from '#test/support/job.builders.ts';
import { apiDecider } from './api/api.decider.ts';
import { BatchTally } from './batch/batch-tally.ts';
import { jobDecider } from './job/job.decider.ts';
import { ApiView } from './status/api-view.ts';
import { JobView } from './status/job-view.ts';
import { PlatformView } from './status/platform-view.ts';
import { apiName } from './kernel/ids.ts';

const at = '2026-11-23T10:00:00.000Z';
/** What no type allows: the codec parks it, or a variant was added and a case forgotten. */
const unheard = { type: 'Unheard', data: {} } as never;
const unheardState = { phase: 'unheard' } as never;
const job = (): JobView => new JobView(aJobSubmitted().data, at);

describe('a variant that the code does not know', () => {
  it.each<[string, () => unknown]>([
    ['a job command', () => jobDecider.decide(jobDecider.initialState, unheard)],
    ['a job event', () => jobDecider.evolve(jobDecider.initialState, unheard)],
    ['a job’s phase, asked to stop', () => jobDecider.decide(unheardState, stopJob())],
    ['a job’s phase, asked to finish', () => jobDecider.decide(unheardState, finishJob())],
    ['an API command', () => apiDecider.decide(apiDecider.initialState, unheard)],
    ['an API event', () => apiDecider.evolve(apiDecider.initialState, unheard)],
    [
      'an event of the platform',
      () => new PlatformView().apply({ position: 1, id: '1', at, event: unheard }),
    ],
    ['an event of an API’s view', () => new ApiView(apiName('sum')).apply(unheard, at, 1)],
    ['an event of a job’s view', () => job().applyJobEvent(unheard, at)],
    ['a batch event', () => new BatchTally().apply(unheard)],
  ])('is refused loudly: %s', (_what, act) => {
    expect(act).toThrow(/^Unreachable: .*nheard/);
  });
});
