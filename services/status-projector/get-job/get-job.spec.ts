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

  it('describes a job anew once something has happened to it', () => {
    const view = viewOf(deployed, aJobSubmitted());
    const before = getJob(view, { jobId: A_JOB }).found;
    expect(getJob(view, { jobId: A_JOB }).found).toBe(before);
    view.apply({
      position: 3,
      id: '3',
      at: '2026-11-23T10:00:03.000Z',
      event: enqueuingCompleted(),
    });
    const after = getJob(view, { jobId: A_JOB }).found;
    expect(after).toMatchObject({ status: 'running' });
    expect(after?.tag).not.toBe(before?.tag);
  });

  it('describes a job anew once time alone has made a worker stalled', () => {
    const view = viewOf(deployed, aJobSubmitted({ workers: 2 }), enqueuingCompleted());
    const countsAt = (nowMs: number): unknown => {
      const rule = { stalledAfterMs: 60_000, nowMs };
      const { found } = projector.getJob(view, view.jobs.get(A_JOB) ?? null, rule);
      return JSON.parse(found?.jobStatusJson ?? '').worker_counts;
    };
    const submittedMs = Date.parse(view.jobs.get(A_JOB)?.createdAt ?? '');
    expect(countsAt(submittedMs)).toMatchObject({ pending: 2, stalled: 0 });
    expect(countsAt(submittedMs + 60_001)).toMatchObject({ pending: 0, stalled: 2 });
    expect(countsAt(submittedMs)).toMatchObject({ pending: 2, stalled: 0 });
  });

  it('tells equal documents by equal tags', () => {
    const events = [deployed, aJobSubmitted(), enqueuingCompleted()];
    const tags = [viewOf(...events), viewOf(...events)].map(
      (view) => getJob(view, { jobId: A_JOB }).found?.tag,
    );
    expect(tags[0]).toBe(tags[1]);
  });
});
