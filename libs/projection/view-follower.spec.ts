import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { batchesEnqueued, batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted } from '#test/support/job.builders.ts';
import { entry, ScriptedLog, unreadableEntry } from '#test/support/scripted-log.ts';
import { InMemoryDocumentStore } from './document-store/in-memory/in-memory-document-store.ts';
import { ViewFollower } from './view-follower.ts';
import { ViewSnapshots } from './view-snapshots.ts';

const unheardOf = JSON.parse('{"type":"MoonRose","data":{}}') as PlatformEvent;

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ViewFollower', () => {
  let log: ScriptedLog;
  let snapshots: ViewSnapshots;
  let documents: InMemoryDocumentStore;
  let stopping: AbortController;
  let running: Promise<unknown>;

  beforeEach(() => {
    log = new ScriptedLog();
    snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
    documents = new InMemoryDocumentStore();
    stopping = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    stopping.abort();
    await running;
  });

  const open = (): Promise<ViewFollower> =>
    ViewFollower.open({ store: log, snapshots, documents, logger: silentLogger, isWriter: true });
  /** Opens, starts and, to go on like a new process, forgets the one before. */
  const follow = async (): Promise<ViewFollower> => {
    stopping.abort();
    stopping = new AbortController();
    const follower = await open();
    running = follower.run(stopping.signal);
    return follower;
  };

  it('takes what is in the log and what is added to it', async () => {
    log.add(entry(1, aJobSubmitted()));
    const follower = await follow();
    await follower.caughtUp();
    log.add(entry(4, batchesEnqueued({ batchCount: 3 })));
    await follower.caughtUp();
    expect(follower.view.jobs.get(A_JOB)?.batchCounts.enqueued).toBe(3);
    expect(follower.position).toBe(4);
  });

  it('ends when it is told to', async () => {
    await follow();
    stopping.abort();
    expect(await running).toBeUndefined();
  });

  describe('caughtUp', () => {
    it('is at once what an empty log holds', async () => {
      const follower = await follow();
      expect(await follower.caughtUp()).toBeUndefined();
    });

    it('waits for what was recorded before the question, and not for what came after', async () => {
      log.showUpTo(0);
      log.add(entry(1, aJobSubmitted()), entry(2, batchSucceeded({ index: 0 })));
      const follower = await follow();
      let isAnswered = false;
      const answered = follower.caughtUp().then(() => (isAnswered = true));
      await aTurn();
      log.add(entry(3, batchSucceeded({ index: 1 })));

      log.showUpTo(1);
      await aTurn();
      expect(isAnswered).toBe(false);
      log.showUpTo(2);
      await answered;
      expect(follower.position).toBe(2);
    });

    it('answers each of those who wait as soon as it can', async () => {
      log.showUpTo(0);
      const follower = await follow();
      const answers: number[] = [];
      const asked: Promise<unknown>[] = [];
      for (const position of [1, 2, 3]) {
        log.add(entry(position, aJobSubmitted()));
        asked.push(follower.caughtUp().then(() => answers.push(position)));
        await aTurn();
      }
      for (const position of [1, 2, 3]) {
        log.showUpTo(position);
        await asked[position - 1];
        expect(answers.at(-1)).toBe(position);
      }
    });

    it('fails while the log cannot be asked, and works again afterwards', async () => {
      log.add(entry(1, aJobSubmitted()));
      const follower = await follow();
      log.fail(new Error('the log is away'));
      await expect(follower.caughtUp()).rejects.toThrow('the log is away');
      log.fail(null);
      await follower.caughtUp();
      expect(follower.position).toBe(1);
    });
  });

  describe('telling of changes', () => {
    it('names each job of a group once, after the whole group was applied', async () => {
      const follower = await open();
      const told: JobView[][] = [];
      const seen: number[] = [];
      follower.onJobsChanged((jobs) => {
        told.push([...jobs]);
        seen.push(follower.position);
      });
      log.add(
        entry(1, aJobSubmitted()),
        entry(2, batchSucceeded({ index: 0 })),
        entry(3, batchSucceeded({ index: 1 })),
      );
      running = follower.run(stopping.signal);
      await follower.caughtUp();
      await aTurn();
      expect(told).toEqual([[follower.view.jobs.get(A_JOB)]]);
      expect(seen).toEqual([3]);
    });
  });

  describe('an entry that cannot be taken', () => {
    it('is parked, and the next one is read', async () => {
      log.add(entry(1, aJobSubmitted()), unreadableEntry(2), entry(3, unheardOf));
      log.add(entry(4, batchSucceeded()));
      const follower = await follow();
      await follower.caughtUp();
      expect(follower.view.jobs.get(A_JOB)?.batchCounts.succeeded).toBe(1);
      expect(follower.parked).toMatchObject([
        { position: 2, subject: 'subject 2', problem: 'not JSON' },
        { position: 3, subject: 'MoonRose' },
      ]);
    });

    it('counts as read for those who wait', async () => {
      log.add(unreadableEntry(5));
      const follower = await follow();
      await follower.caughtUp();
      expect(follower.position).toBe(5);
    });

    it.each([
      ['in the middle', [unreadableEntry(1), entry(2, unheardOf), entry(3, aJobSubmitted())]],
      ['at the end', [entry(1, aJobSubmitted()), entry(2, unheardOf), unreadableEntry(3)]],
    ])('is parked once, also after a restart from a snapshot (%s)', async (_where, entries) => {
      log.add(...entries);
      const first = await follow();
      await first.caughtUp();
      await snapshots.save(1, first);

      const second = await follow();
      log.add(entry(4, batchSucceeded()));
      await second.caughtUp();
      expect(second.parked).toEqual(first.parked);
      expect(second.parked).toHaveLength(2);
    });

    it('pushes the oldest parked one out, past a hundred', async () => {
      log.add(...Array.from({ length: 150 }, (_, n) => unreadableEntry(n + 1)));
      const follower = await follow();
      await follower.caughtUp();
      expect(follower.parked.map(({ position }) => position)).toEqual(
        Array.from({ length: 100 }, (_, n) => n + 51),
      );
    });
  });
});
