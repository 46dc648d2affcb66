import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProjectorUnderTest } from '#test/support/projector-under-test.ts';
import { until } from '#test/support/until.ts';

const ENDED = 2000;
const RUNNING = 20;
/** For a process that holds next to nothing; `npm run bench -- projector` has 100,000 jobs. */
const RESIDENT_MB_MAX = 400;

describe('a projector with many ended jobs', () => {
  let projector: ProjectorUnderTest;

  beforeAll(async () => {
    projector = await ProjectorUnderTest.start({
      endedJobCount: ENDED,
      runningJobCount: RUNNING,
      batchCount: 20,
    });
    await projector.run();
  });
  afterAll(() => projector.stop());

  const wholeList = async (): Promise<{ readonly ids: string[]; readonly json: string[] }> => {
    const ids: string[] = [];
    const json: string[] = [];
    for (let after: string | null = null; ;) {
      const { answer } = await projector.page(after);
      ids.push(...answer.jobIds);
      json.push(answer.jobsJson);
      if (!answer.hasMore) return { ids, json };
      after = answer.jobIds.at(-1) ?? null;
    }
  };

  it('has those in memory that run, and lists all of them, newest first', async () => {
    expect(await projector.projection()).toMatchObject({
      jobsInMemory: RUNNING,
      endedJobs: ENDED,
    });
    const { ids } = await wholeList();
    expect(new Set(ids).size).toBe(ENDED + RUNNING);
    expect(ids).toEqual([...ids].sort());
    expect(projector.residentMb('VmHWM')).toBeLessThan(RESIDENT_MB_MAX);
  });

  it('says the same after a restart, and after a rebuild that outlived who was asked for it', async () => {
    const before = await wholeList();
    await projector.end('SIGTERM');
    await projector.run();
    expect(await wholeList()).toEqual(before);

    const { generation } = await projector.askForRebuild();
    await projector.end('SIGKILL');
    await projector.run();
    await until('the rebuild', async () => {
      const now = await projector.projection();
      return now.rebuild === null && now.generation > generation;
    });
    expect(await wholeList()).toEqual(before);
  });
});
