import { describe, expect, it } from '@jest/globals';
import { apiId, jobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { GetJobQuery } from '#libs/messaging/queries.ts';
import { anApiDeleted, anApiDeployed, anApiSpec } from '#test/support/api.builders.ts';
import { A_JOB, aJobSubmitted, enqueuingCompleted } from '#test/support/job.builders.ts';
import { NEVER_STALLED, viewOf } from '#test/support/view.builders.ts';
import * as projector from './get-job.ts';

const deployed = anApiDeployed();
const newer = anApiDeployed({
  apiId: apiId('spec-2'),
  spec: anApiSpec({ networking: { endpoint: '/moved' } }),
});

const getJob = (view: PlatformView, query: GetJobQuery) =>
  projector.getJob(view, view.jobs.get(query.jobId) ?? null, NEVER_STALLED);

describe('getJob', () => {
  it('finds nothing under an id that no job has', () => {
    const view = viewOf(deployed, aJobSubmitted());
    expect(getJob(view, { jobId: jobId('00000000000000ff') })).toEqual({ found: null });
  });

  it('gives the status document and the specification', () => {
    const { found } = getJob(viewOf(deployed, aJobSubmitted(), enqueuingCompleted()), {
      jobId: A_JOB,
    });
    expect(found).toMatchObject({
      apiName: 'sum',
      apiId: 'spec-1',
      endpoint: '/sum',
      status: 'running',
    });
    expect(JSON.parse(found?.jobStatusJson ?? '')).toMatchObject({
      job_id: A_JOB,
      status: 'running',
      total_batch_count: 10,
    });
    expect(JSON.parse(found?.apiSpecJson ?? '')).toMatchObject({ id: 'spec-1', name: 'sum' });
  });

  it('gives the specification the job was submitted under, whatever is deployed since', () => {
    const query = { jobId: A_JOB };
    for (const view of [
      viewOf(deployed, aJobSubmitted(), newer),
      viewOf(deployed, aJobSubmitted(), newer, anApiDeleted()),
    ]) {
      const { found } = getJob(view, query);
      expect(found?.endpoint).toBe('/sum');
      expect(JSON.parse(found?.apiSpecJson ?? '')).toMatchObject({ id: 'spec-1' });
    }
  });

  it('goes on without a specification that is not in the log', () => {
    const { found } = getJob(viewOf(aJobSubmitted()), { jobId: A_JOB });
    expect(found).toMatchObject({ endpoint: '/sum', apiSpecJson: 'null' });
  });

  it('passes on the numbers of users as they wrote them', () => {
    const { found } = getJob(viewOf(aJobSubmitted()), { jobId: A_JOB });
    expect(found?.jobStatusJson).toContain('"config":{"b":9007199254740993,"a":{"1":null}}');
  });
});
