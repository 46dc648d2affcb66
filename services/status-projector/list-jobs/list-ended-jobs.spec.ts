import { describe, expect, it } from '@jest/globals';
import { type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { mayRetire, type PlatformView } from '#libs/domain/status/platform-view.ts';
import type { ListJobsAnswer } from '#libs/messaging/queries.ts';
import { aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { NEVER_STALLED, viewOf } from '#test/support/view.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { listJobs } from './list-jobs.ts';

const idOf = (n: number): JobId => jobId(n.toString(16).padStart(16, '0'));
const JOBS = 300;

/** Every third job runs, the others have ended. */
const everybody = (): PlatformView =>
  viewOf(
    ...Array.from({ length: JOBS }, (_, n) => {
      const id = { jobId: idOf(n) };
      const left = workerStateChanged({ ...id, state: 'succeeded', willRestart: false });
      const submitted = aJobSubmitted({ ...id, workers: 1 });
      return n % 3 === 0 ? [submitted] : [submitted, jobCompleted(id), left];
    }).flat(),
  );

describe('listing jobs that were retired', () => {
  it('gives the pages that it gave before, and reads only the ended jobs of the page', async () => {
    const before = everybody();
    const view = everybody();
    const elsewhere = new Map<JobId, JobView>();
    for (const job of view.jobs.values()) {
      if (!mayRetire(job)) continue;
      view.retire(job, '0'.repeat(16));
      elsewhere.set(job.submitted.jobId, job);
    }
    expect([view.jobs.size, view.ended.size]).toEqual([100, 200]);

    let readCount = 0;
    let isReadingMax = 0;
    let isReading = 0;
    const recall = async ({ jobId: id }: { readonly jobId: JobId }): Promise<JobView> => {
      readCount += 1;
      isReadingMax = Math.max(isReadingMax, ++isReading);
      await new Promise((resolve) => setImmediate(resolve));
      isReading -= 1;
      const job = elsewhere.get(id);
      if (job === undefined) throw new Error(`${id} is in memory`);
      return job;
    };
    const pageOf = (of: PlatformView, after: JobId | null): Promise<ListJobsAnswer> =>
      listJobs(
        of,
        { apiName: null, statuses: null, countMax: 75, after },
        { rule: NEVER_STALLED, recall },
      );
    for (const after of [null, idOf(74), idOf(149), idOf(224), idOf(298), idOf(299)]) {
      expect(await pageOf(view, after)).toEqual(await pageOf(before, after));
    }
    expect(readCount).toBe(200 + 1);
    expect(isReadingMax).toBeLessThanOrEqual(50);
  });
});
