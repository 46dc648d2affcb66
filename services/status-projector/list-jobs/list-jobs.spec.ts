import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type ApiName, apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { ListJobsAnswer, ListJobsQuery } from '#libs/messaging/queries.ts';
import { aJobSubmitted, enqueuingCompleted, jobCompleted } from '#test/support/job.builders.ts';
import { NEVER_STALLED, viewOf } from '#test/support/view.builders.ts';
import * as projector from './list-jobs.ts';

const NATS_MESSAGE_BYTES_MAX = 1_048_576;
const sum = apiName('sum');
const mean = apiName('mean');
const all: ListJobsQuery = { apiName: null, statuses: null, countMax: 1000, after: null };

const listJobs = (view: PlatformView, query: ListJobsQuery): Promise<ListJobsAnswer> =>
  projector.listJobs(view, query, {
    rule: NEVER_STALLED,
    recall: () => Promise.reject(new Error('all are in memory')),
  });

/** Job ids in the order of submission, so the newest is the smallest. */
const ids = (count: number): JobId[] =>
  Array.from({ length: count }, (_, n) => jobId((0xffff - n).toString(16).padStart(16, '0')));

const jobsOf = (names: readonly ApiName[], config = new RawJson('{}')): PlatformView => {
  const submitted = ids(names.length);
  return viewOf(
    ...names.map((name, n) =>
      aJobSubmitted({ apiName: name, config, jobId: submitted[n] ?? jobId('0') }),
    ),
  );
};

/** Every page from the first to the last. */
async function pagesOf(view: PlatformView, query: ListJobsQuery): Promise<ListJobsAnswer[]> {
  const pages = [await listJobs(view, query)];
  for (let last = pages[0]; last?.hasMore === true; last = pages.at(-1)) {
    pages.push(await listJobs(view, { ...query, after: last.jobIds.at(-1) ?? null }));
  }
  return pages;
}

describe('listJobs', () => {
  it('lists the newest job first', async () => {
    const view = jobsOf([sum, sum, sum]);
    const { jobIds, jobsJson, hasMore } = await listJobs(view, all);
    expect(jobIds).toEqual(ids(3).reverse());
    expect(JSON.parse(jobsJson)).toMatchObject(jobIds.map((job_id) => ({ job_id })));
    expect(hasMore).toBe(false);
  });

  it('answers with an empty list when there is nothing', async () => {
    expect(await listJobs(viewOf(), all)).toEqual({ jobIds: [], jobsJson: '[]', hasMore: false });
  });

  it('gives pages that together are the whole list, each job once', async () => {
    const names = fc.array(fc.constantFrom(sum, mean), { maxLength: 40 });
    const which = fc.constantFrom(null, sum, mean);
    await fc.assert(
      fc.asyncProperty(
        names,
        which,
        fc.integer({ min: 1, max: 10 }),
        async (jobs, api, countMax) => {
          const view = jobsOf(jobs);
          const pages = await pagesOf(view, { ...all, apiName: api, countMax });
          expect(pages.flatMap(({ jobIds }) => jobIds)).toEqual(
            (await listJobs(view, { ...all, apiName: api })).jobIds,
          );
          for (const { jobIds, hasMore } of pages) {
            expect(jobIds.length).toBeLessThanOrEqual(countMax);
            if (hasMore) expect(jobIds).toHaveLength(countMax);
          }
        },
      ),
    );
  });

  it('is not disturbed by jobs that come while it is paged', async () => {
    const view = jobsOf([sum, sum, sum]);
    const [newest] = (await listJobs(view, { ...all, countMax: 1 })).jobIds;
    view.apply({
      position: 99,
      id: 'late',
      at: '2026-11-23T11:00:00.000Z',
      event: aJobSubmitted({ jobId: jobId('0000000000000001') }),
    });
    const rest = await listJobs(view, { ...all, after: newest ?? null });
    expect(rest.jobIds).toEqual(ids(2).reverse());
  });

  it('filters by API', async () => {
    const { jobIds } = await listJobs(jobsOf([sum, mean, sum]), { ...all, apiName: mean });
    expect(jobIds).toEqual([ids(2)[1]]);
  });

  it('filters by any of some statuses', async () => {
    const [first, second, third] = ids(3).map((id) => aJobSubmitted({ jobId: id }));
    const [doneId, runningId, pendingId] = ids(3);
    if (!first || !second || !third || !doneId || !runningId) throw new Error('three jobs');
    const view = viewOf(
      first,
      second,
      third,
      enqueuingCompleted({ jobId: runningId }),
      jobCompleted({ jobId: doneId, status: 'stopped' }),
    );
    const idsWith = async (
      ...statuses: NonNullable<ListJobsQuery['statuses']>
    ): Promise<readonly JobId[]> => (await listJobs(view, { ...all, statuses })).jobIds;
    expect(await idsWith('stopped')).toEqual([doneId]);
    expect(await idsWith('running', 'pending')).toEqual([pendingId, runningId]);
    expect(await idsWith('succeeded')).toEqual([]);
  });

  it('passes on the numbers of users as they wrote them', async () => {
    const view = jobsOf([sum], new RawJson('{"b":9007199254740993,"a":1.0}'));
    expect((await listJobs(view, all)).jobsJson).toContain(
      '"config":{"b":9007199254740993,"a":1.0}',
    );
  });

  it.each([
    ['plain letters', 'x'.repeat(100_000)],
    ['letters that are escaped', '\\"'.repeat(50_000)],
    ['letters of three bytes', '語'.repeat(100_000)],
  ])('keeps a page of large documents within one message (%s)', async (_what, text) => {
    const view = jobsOf(Array<ApiName>(20).fill(sum), new RawJson(`{"text":"${text}"}`));
    const pages = await pagesOf(view, all);
    expect(pages.flatMap(({ jobIds }) => jobIds)).toEqual(ids(20).reverse());
    for (const page of pages) {
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(NATS_MESSAGE_BYTES_MAX);
    }
  });

  it('gives a document that alone is larger than a page', async () => {
    const view = jobsOf([sum, sum], new RawJson(`{"text":"${'x'.repeat(1_000_000)}"}`));
    expect((await pagesOf(view, all)).map(({ jobIds }) => jobIds.length)).toEqual([1, 1]);
  });
});
