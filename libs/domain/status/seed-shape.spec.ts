import { describe, expect, it } from '@jest/globals';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { batchesEnqueued, batchSucceeded } from '#test/support/batch.builders.ts';
import {
  A_JOB,
  aJobSubmitted,
  enqueuingCompleted,
  jobCompleted,
} from '#test/support/job.builders.ts';
import { isOfType, memberAt, seedMembers } from '#test/support/seed-shape.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { apiId, apiName } from '../kernel/ids.ts';
import { stringifyWithRaw } from '../kernel/raw-json.ts';
import type { PlatformEvent } from '../platform-event.ts';
import { apiSpecDocument, jobDocument, jobStatusDocument } from './job-documents.ts';
import { PlatformView } from './platform-view.ts';

const whole = aJobSubmitted({
  timeoutMs: 60_000,
  deadLetterQueue: { arn: 'arn:aws:sqs:local:0:failed', receiveCountMax: 3 },
});
const running = [anApiDeployed(), whole, batchesEnqueued(), enqueuingCompleted(), batchSucceeded()];

/** Answers as a client parses them. */
function answersAfter(events: readonly PlatformEvent[]): { submission: unknown; status: unknown } {
  const view = new PlatformView();
  for (const [place, event] of events.entries()) {
    view.apply({ position: place + 1, id: String(place), at: '2026-11-23T10:00:00.000Z', event });
  }
  const job = view.jobs.get(A_JOB);
  const version = view.apis.get(apiName('sum'))?.version(apiId('spec-1'));
  if (job === undefined || !version) throw new Error('the job or its API is not in the view');
  const status = {
    job_status: jobStatusDocument(job, NEVER_STALLED),
    endpoint: 'http://localhost:8888/sum',
    api_spec: apiSpecDocument(version),
  };
  return {
    submission: JSON.parse(stringifyWithRaw(jobDocument(job))),
    status: JSON.parse(stringifyWithRaw(status)),
  };
}

describe('the answer to a submission', () => {
  const { submission } = answersAfter(running);

  it.each(seedMembers('submit-job.response.txt'))('has $path of type $type', (member) => {
    const value = memberAt(submission, member.path);
    expect({ value, fits: isOfType(value, member) }).toMatchObject({ fits: true });
  });
  it('lists all twelve members', () => {
    expect(seedMembers('submit-job.response.txt')).toHaveLength(12);
  });
});

describe('the answer to a question for a job', () => {
  const members = seedMembers('job-status.response.txt');
  const whileRunning = answersAfter(running).status;
  const ended = answersAfter([...running, jobCompleted()]).status;
  const fresh = answersAfter([anApiDeployed(), aJobSubmitted()]).status;

  it.each(members)('has $path of type $type at some time', (member) => {
    const values = [whileRunning, ended].map((answer) => memberAt(answer, member.path));
    const value = values.find((one) => one !== undefined);
    expect({ value, fits: isOfType(value, member) }).toMatchObject({ fits: true });
  });

  it.each(members.filter(({ path, isOptional }) => !isOptional && !path.includes('worker_counts')))(
    'has $path at any time',
    (member) => {
      for (const answer of [fresh, whileRunning, ended]) {
        expect(memberAt(answer, member.path)).not.toBeUndefined();
      }
    },
  );

  it('has worker counts only while the job runs', () => {
    const counts = [fresh, whileRunning, ended].map((answer) =>
      memberAt(answer, 'job_status.worker_counts'),
    );
    expect(counts.map((value) => value !== undefined)).toEqual([false, true, false]);
  });

  it('lists all 26 members', () => {
    expect(members).toHaveLength(26);
  });

  it('leaves optional members out until they are known', () => {
    const optional = members.filter(({ isOptional }) => isOptional);
    expect(optional.map(({ path }) => path)).toEqual([
      'job_status.batch_metrics.avg_time_per_batch',
      'job_status.end_time',
    ]);
    for (const { path } of optional) expect(memberAt(fresh, path)).toBeUndefined();
  });
});
