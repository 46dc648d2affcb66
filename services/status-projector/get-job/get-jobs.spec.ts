import { describe, expect, it } from '@jest/globals';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { jobStarted } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted } from '#test/support/job.builders.ts';
import { NEVER_STALLED, viewOf } from '#test/support/view.builders.ts';
import { getJob } from './get-job.ts';
import { type FollowedJobs, getJobs } from './get-jobs.ts';

const ANOTHER_JOB = jobId('00000000000000bb');

const followed = (view: PlatformView): FollowedJobs => ({
  view,
  job: (id) => Promise.resolve(view.jobs.get(id) ?? null),
});

const isAway = (): Promise<null> => Promise.reject(new Error('its archive is away'));

describe('getJobs', () => {
  it('answers every question in its place', async () => {
    const view = viewOf(anApiDeployed(), aJobSubmitted());
    const { found } = getJob(view, view.jobs.get(A_JOB) ?? null, NEVER_STALLED);
    const jobs = [
      { jobId: jobId('00000000000000ff'), endpoint: '/sum' },
      { jobId: A_JOB, endpoint: null },
      { jobId: A_JOB, endpoint: '/nothing' },
      { jobId: A_JOB, endpoint: '/sum' },
    ];
    expect((await getJobs(followed(view), { jobs }, NEVER_STALLED)).answers).toEqual([
      { found: null, apiAtEndpoint: apiName('sum') },
      { found, apiAtEndpoint: null },
      { found, apiAtEndpoint: null },
      { found, apiAtEndpoint: apiName('sum') },
    ]);
  });

  it('leaves to the next question what would not fit one message, and always answers the first', async () => {
    const config = new RawJson(JSON.stringify({ text: 'x'.repeat(400_000) }));
    const view = viewOf(
      aJobSubmitted({ config }),
      aJobSubmitted({ jobId: ANOTHER_JOB, config: null }),
    );
    const jobs = [A_JOB, ANOTHER_JOB].map((id) => ({ jobId: id, endpoint: null }));
    const { answers } = await getJobs(followed(view), { jobs }, NEVER_STALLED);
    expect(answers).toMatchObject([{ found: { jobStatusJson: expect.stringContaining('xxx') } }]);
  });

  it('does not say again what is known, until it changes', async () => {
    const view = viewOf(anApiDeployed(), aJobSubmitted());
    const ask = async (knownTag?: string): Promise<unknown> => {
      const jobs = [{ jobId: A_JOB, endpoint: '/sum', ...(knownTag && { knownTag }) }];
      return (await getJobs(followed(view), { jobs }, NEVER_STALLED)).answers;
    };
    const { found } = getJob(view, view.jobs.get(A_JOB) ?? null, NEVER_STALLED);
    const asKnown = [{ found: 'as-known', apiAtEndpoint: apiName('sum') }];
    expect(await ask(found?.tag)).toEqual(asKnown);
    expect(await ask('another')).toMatchObject([{ found }]);
    view.apply({ position: 3, id: '3', at: '2026-11-23T10:00:03.000Z', event: jobStarted() });
    expect(await ask(found?.tag)).toMatchObject([{ found: { status: 'running' } }]);
  });

  it('takes no room in a message for what is known', async () => {
    const config = new RawJson(JSON.stringify({ text: 'x'.repeat(400_000) }));
    const view = viewOf(aJobSubmitted({ config }));
    const { found } = getJob(view, view.jobs.get(A_JOB) ?? null, NEVER_STALLED);
    const job = { jobId: A_JOB, endpoint: null, ...(found && { knownTag: found.tag }) };
    const { answers } = await getJobs(followed(view), { jobs: [job, job, job] }, NEVER_STALLED);
    expect(answers.map((answer) => answer.found)).toEqual(['as-known', 'as-known', 'as-known']);
  });

  it('answers about the others when one cannot be read', async () => {
    const view = viewOf(anApiDeployed(), aJobSubmitted());
    const jobs = [ANOTHER_JOB, A_JOB].map((id) => ({ jobId: id, endpoint: null }));
    const { answers } = await getJobs({ view, job: isAway }, { jobs }, NEVER_STALLED);
    expect(answers).toMatchObject([
      { found: null, refusal: { message: 'its archive is away' } },
      { found: { apiName: 'sum' } },
    ]);
  });
});
