import { describe, expect, it } from '@jest/globals';
import { apiId, workerId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import type { Workload } from '#libs/compute/compute.port.ts';
import { anApiDeleted, anApiDeployed, anApiSpec } from '#test/support/api.builders.ts';
import { A_JOB, aJobSubmitted } from '#test/support/job.builders.ts';
import { viewOf } from '#test/support/view.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { workloadOf } from './workload.ts';

function workload(...events: readonly PlatformEvent[]): Workload | null {
  const view = viewOf(...events);
  const job = view.jobs.get(A_JOB);
  if (job === undefined) throw new Error('no job was submitted');
  return workloadOf(view, job);
}

const newer = anApiDeployed({ apiId: apiId('spec-2'), codeKey: 'code/2' });

describe('the workload of a job', () => {
  it('is what its submission and its specification say', () => {
    expect(workload(anApiDeployed(), aJobSubmitted({ traceparent: '00-a-b-01' }))).toMatchObject({
      apiName: 'sum',
      jobId: A_JOB,
      spec: anApiSpec(),
      codeKey: 'code/1',
      workers: 2,
      firstRestart: 0,
      configJson: '{"b":9007199254740993,"a":{"1":null}}',
      traceparent: '00-a-b-01',
      deadLetterQueue: null,
    });
  });

  it('shows handlers the job with the numbers as its submitter wrote them', () => {
    const { jobSpecJson = '' } = workload(anApiDeployed(), aJobSubmitted()) ?? {};
    expect(jobSpecJson).toContain('"config":{"b":9007199254740993,"a":{"1":null}}');
    expect(JSON.parse(jobSpecJson)).toMatchObject({ job_id: A_JOB, workers: 2 });
  });

  it('passes the dead-letter queue on', () => {
    const deadLetterQueue = { arn: 'arn:aws:sqs:eu-west-1:123:lost', receiveCountMax: 3 };
    expect(workload(anApiDeployed(), aJobSubmitted({ deadLetterQueue }))).toMatchObject({
      deadLetterQueue,
    });
  });

  it('keeps the specification that the job was submitted under', () => {
    const submitted = aJobSubmitted({ config: null });
    expect(workload(anApiDeployed(), submitted, newer, anApiDeleted())).toMatchObject({
      codeKey: 'code/1',
      configJson: null,
    });
  });

  it.each([
    ['of an API that is not in the log', [aJobSubmitted()]],
    ['of a version that is not in the log', [newer, aJobSubmitted()]],
  ])('does not exist without the specification (%s)', (_which, events) => {
    expect(workload(...events)).toBeNull();
  });

  it.each([
    ['no worker was started', [], 0],
    ['a worker was started', [workerStateChanged({ state: 'initializing' })], 1],
    ['workers wait to be replaced', [workerStateChanged({ restart: 3, state: 'pending' })], 4],
    [
      'workers were replaced unequally often',
      [
        workerStateChanged({ workerId: workerId(0), restart: 5 }),
        workerStateChanged({ workerId: workerId(1), restart: 2 }),
      ],
      6,
    ],
  ])('starts above every process there was when %s', (_what, events, firstRestart) => {
    expect(workload(anApiDeployed(), aJobSubmitted(), ...events)).toMatchObject({ firstRestart });
  });
});
