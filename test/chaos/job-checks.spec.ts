import { describe, expect, it } from '@jest/globals';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import {
  batchDeadLettered,
  batchesEnqueued,
  batchFailed,
  batchSucceeded,
} from '#test/support/batch.builders.ts';
import {
  aJobSubmitted,
  enqueuingCompleted,
  hookSucceeded,
  jobCompleted,
} from '#test/support/job.builders.ts';
import type { JobStatus } from '#test/support/platform-client.ts';
import { NEVER_STALLED, viewOf } from '#test/support/view.builders.ts';
import type { PlannedJob } from './chaos-plan.ts';
import { recordOf } from './handler-records.ts';
import { type JobEvidence, problemsOf } from './job-checks.ts';

const BATCH_COUNT = 3;

const aPlan = (changes: Partial<PlannedJob> = {}): PlannedJob => ({
  name: 'job',
  kind: 'plain',
  workers: 1,
  batchCount: BATCH_COUNT,
  marks: new Map(),
  receiveCountMax: null,
  timeoutS: null,
  stop: null,
  ...changes,
});

const submitted = [
  aJobSubmitted(),
  batchesEnqueued({ firstIndex: 0, batchCount: BATCH_COUNT }),
  enqueuingCompleted({ totalBatchCount: BATCH_COUNT }),
];
const outcomes = [0, 1, 2].map((index) => batchSucceeded({ index }));
const completed = jobCompleted({ status: 'succeeded', completionHook: hookSucceeded });
const JOB = '00000000000000aa';
const lines = [
  'batch 00000000000000aa-0 1000 0,1',
  'batch 00000000000000aa-1 1001 2,3',
  'batch 00000000000000aa-2 1002 4,5',
  'hook 00000000000000aa 1003 {"message":"job_complete"}',
];

function evidence(
  events: readonly PlatformEvent[] = [...submitted, ...outcomes, completed],
  changes: Partial<JobEvidence> = {},
): JobEvidence {
  const [job] = viewOf(...events).jobs.values();
  if (job === undefined) throw new Error('no job was submitted');
  return {
    plan: aPlan(),
    events: events.map((event, place) => ({
      position: place + 1,
      id: String(place),
      at: new Date(Date.UTC(2026, 10, 23, 10) + place * 1000).toISOString(),
      event,
    })),
    document: JSON.parse(stringifyWithRaw(jobStatusDocument(job, NEVER_STALLED))) as JobStatus,
    deadLetters: [],
    record: recordOf(lines, JOB),
    ...changes,
  };
}

const problems = (...given: Parameters<typeof evidence>): string =>
  problemsOf(evidence(...given)).join('\n');

describe('the checks of a job after its end', () => {
  it('find nothing wrong with a job that ended as planned', () => {
    expect(problems()).toBe('');
  });

  it('find an end that was not planned', () => {
    expect(problems(undefined, { plan: aPlan({ kind: 'stopped' }) })).toContain('must end stopped');
  });

  it('find an end that is missing, or there twice', () => {
    expect(problems([...submitted, ...outcomes])).toContain('completed 0 times');
    expect(problems([...submitted, ...outcomes, completed, completed])).toContain(
      'completed 2 times',
    );
  });

  it('find a batch that got lost', () => {
    const found = problems([...submitted, ...outcomes.slice(1), completed]);
    expect(found).toContain('batches succeeded: 2, must be 3');
  });

  it('find a batch that failed though it must not', () => {
    const failed = batchFailed({ index: 0, next: 'fail' });
    const found = problems([...submitted, ...outcomes.slice(1), failed, completed]);
    expect(found).toContain('failed batches: [0], must be []');
  });

  it('find a document that miscounts', () => {
    const { document } = evidence();
    const wrong = { ...document, batch_counts: { ...document.batch_counts, succeeded: 2 } };
    expect(problems(undefined, { document: wrong })).toContain('batch_counts: {');
  });

  it('find a document that says something else than the log', () => {
    const document = { ...evidence().document, start_time: '2000-01-01T00:00:00.000Z' };
    expect(problems(undefined, { document })).toContain('the document and a fold of the log');
  });

  it('find a batch that was settled and never handled', () => {
    expect(problems(undefined, { record: recordOf(lines.slice(1), JOB) })).toContain(
      'never handled, but settled: 0',
    );
  });

  it('find items that are not those of the batch', () => {
    const record = recordOf([...lines, 'batch 00000000000000aa-1 1004 4,5'], JOB);
    expect(problems(undefined, { record })).toContain('batches with other items');
  });

  it('find a call with a batch of another job', () => {
    const record = recordOf([...lines, 'batch 00000000000000bb-1 1004 2,3'], JOB);
    expect(problems(undefined, { record })).toContain('batches of other jobs');
  });

  it('find a completion hook that nobody acknowledged, or that nobody heard', () => {
    const unheard = jobCompleted({ status: 'succeeded', completionHook: null });
    expect(problems([...submitted, ...outcomes, unheard])).toContain('acknowledgements');
    expect(problems(undefined, { record: recordOf(lines.slice(0, 3), JOB) })).toContain(
      'never called',
    );
  });

  it('find a handler call after a job was stopped', () => {
    const stopped = jobCompleted({ status: 'stopped', completionHook: null });
    const late = `batch 00000000000000aa-0 ${Date.UTC(2026, 10, 23, 11)} 0,1`;
    const plan = aPlan({ kind: 'stopped' });
    const events = [...submitted, stopped];
    expect(problems(events, { plan, record: recordOf([late], JOB) })).toContain('after the end');
    expect(problems(events, { plan, record: recordOf([], JOB) })).toBe('');
  });

  it('find a dead letter that is not in its queue', () => {
    const plan = aPlan({ kind: 'dead-letters', marks: new Map([[0, 'fail']]), receiveCountMax: 2 });
    const end = jobCompleted({ status: 'completed_with_failures', completionHook: hookSucceeded });
    const events = [...submitted, ...outcomes.slice(1), batchDeadLettered({ index: 0 }), end];
    expect(problems(events, { plan })).toContain('not in the dead-letter queue: 0');
    expect(problems(events, { plan, deadLetters: [0] })).toBe('');
  });
});
