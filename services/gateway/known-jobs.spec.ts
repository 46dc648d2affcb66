import { describe, expect, it } from '@jest/globals';
import { apiId, apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { FoundJob, GetJobsQuery, JobAtAnswer } from '#libs/messaging/queries.ts';
import { queryRefusal } from '#libs/messaging/query-refusal.ts';
import { KnownJobs } from './known-jobs.ts';

const A_JOB = jobId('a');
const ANOTHER_JOB = jobId('b');
const at = (id: string) => ({ jobId: jobId(id), endpoint: null });

const found = (tag: string, jobStatusJson = `{"tag":"${tag}"}`): FoundJob => ({
  apiName: apiName('sum'),
  apiId: apiId('spec-1'),
  endpoint: '/sum',
  status: 'running',
  jobStatusJson,
  apiSpecJson: '{}',
  tag,
});

/** A projector that knows these jobs, and says of one only what its asker does not know. */
class Projector {
  readonly jobs = new Map<string, FoundJob>();
  readonly asked: GetJobsQuery[] = [];

  readonly send = async (query: GetJobsQuery): Promise<{ answers: readonly JobAtAnswer[] }> => {
    this.asked.push(query);
    const answers = query.jobs.map(({ jobId: id, knownTag }): JobAtAnswer => {
      const job = this.jobs.get(id) ?? null;
      return { found: job && job.tag === knownTag ? 'as-known' : job, apiAtEndpoint: null };
    });
    return { answers };
  };

  get tagsAsked(): readonly (readonly (string | undefined)[])[] {
    return this.asked.map(({ jobs }) => jobs.map(({ knownTag }) => knownTag));
  }
}

describe('known jobs', () => {
  it('are asked about every time, and told again only when they have changed', async () => {
    const projector = new Projector();
    const known = new KnownJobs(projector.send);
    const ask = async () => (await known.ask({ jobs: [at('a'), at('b')] })).map((job) => job.found);
    projector.jobs.set(A_JOB, found('1'));
    expect(await ask()).toEqual([found('1'), null]);
    expect(await ask()).toEqual([found('1'), null]);
    projector.jobs.set(A_JOB, found('2'));
    projector.jobs.set(ANOTHER_JOB, found('3'));
    expect(await ask()).toEqual([found('2'), found('3')]);
    expect(await ask()).toEqual([found('2'), found('3')]);
    expect(projector.tagsAsked).toEqual([
      [undefined, undefined],
      ['1', undefined],
      ['1', undefined],
      ['2', '3'],
    ]);
  });

  it('are answered as far as there are answers, with what else was said', async () => {
    const refused = {
      found: null,
      apiAtEndpoint: null,
      refusal: queryRefusal('its archive is away'),
    };
    const known = new KnownJobs(() => Promise.resolve({ answers: [refused] }));
    expect(await known.ask({ jobs: [at('a'), at('b')] })).toEqual([refused]);
  });

  it('are told whole by who gives no tags, as before an upgrade', async () => {
    const { tag: _, ...untagged } = found('1');
    const asked: GetJobsQuery[] = [];
    const known = new KnownJobs((query) => {
      asked.push(query);
      return Promise.resolve({ answers: [{ found: untagged as FoundJob, apiAtEndpoint: null }] });
    });
    for (let time = 1; time <= 2; time++) {
      expect(await known.ask({ jobs: [at('a')] })).toMatchObject([{ found: untagged }]);
    }
    expect(asked).toEqual([{ jobs: [at('a')] }, { jobs: [at('a')] }]);
  });

  it('are forgotten, the longest unasked first, before they take too much memory', async () => {
    const projector = new Projector();
    const known = new KnownJobs(projector.send);
    for (const id of ['a', 'b', 'c']) {
      projector.jobs.set(id, found(id, JSON.stringify('x'.repeat(6_000_000))));
      await known.ask({ jobs: [at(id)] });
    }
    await known.ask({ jobs: [at('a'), at('c')] });
    expect(projector.tagsAsked.at(-1)).toEqual([undefined, 'c']);
  });
});
