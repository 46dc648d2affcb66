import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readArchive } from '#libs/archive/read-archive.ts';
import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { DyingStore, FailingArchives } from '#test/support/archive-faults.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import {
  A_JOB,
  aJobSubmitted,
  enqueuingCompleted,
  jobCompleted,
} from '#test/support/job.builders.ts';
import { seal, storedEvents, writeHistory } from '#test/support/sealed-log.ts';
import { until } from '#test/support/until.ts';
import { webhookDelivered } from '#test/support/webhook.builders.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { ArchiveJobs, type ArchiveRule } from './archive-jobs.ts';

const API = apiName('sum');
const JOB = { apiName: API, jobId: A_JOB };
const URL = expect.stringMatching(
  /^s3:\/\/archive\/cortex\/sum\/00000000000000aa-[0-9a-f-]{36}\.ndjson\.gz$/,
);

let store: DyingStore;
let archives: FailingArchives;
let view: PlatformView;
let stopping: AbortController;
let running: Promise<void>[];
let looks: number;

beforeEach(() => {
  store = new DyingStore();
  archives = new FailingArchives();
  view = new PlatformView();
  stopping = new AbortController();
  running = [];
  looks = 0;
});
afterEach(stop);

async function stop(): Promise<void> {
  stopping.abort();
  await Promise.all(running);
}

const write = (event: PlatformEvent, at = '2026-11-23T10:00:00.000Z'): Promise<void> =>
  writeHistory(store, JOB, [{ event, at }]);

/** A job that has ended at position 4, and a view that knows. */
async function endJob({ url = null as string | null, isSealed = true } = {}): Promise<void> {
  await write(aJobSubmitted({ jobId: A_JOB, apiName: API, workers: 1, onCompleteUrl: url }));
  await write(enqueuingCompleted({ jobId: A_JOB }));
  await write(workerStateChanged({ jobId: A_JOB, state: 'succeeded' }));
  await write(jobCompleted({ jobId: A_JOB }));
  if (isSealed) await seal(store);
  await catchUp();
}

async function catchUp(): Promise<void> {
  const last = await store.lastPosition();
  const enough = new AbortController();
  for await (const group of store.follow(view.position, enough.signal)) {
    for (const entry of group) if (entry.kind === 'event') view.apply(entry.logged);
    if (view.position >= last) break;
  }
  enough.abort();
  for (const job of view.jobs.values()) if (job.end !== null) view.retire(job, '0'.repeat(16));
}

const clock = (): Date => {
  looks += 1;
  return new Date();
};

/** A leader, from now on. */
function lead(rule: Partial<ArchiveRule> = {}): void {
  const url = 's3://archive/cortex';
  const deps = {
    store,
    archives,
    clock,
    logger: silentLogger,
    rule: { url, afterMs: 0, lookMs: 5, leaveAfterMs: 0, ...rule },
  };
  running.push(new ArchiveJobs({ view }, deps, stopping.signal).run());
}

/** A leader that dies where the store says. */
async function leadAndDie(): Promise<void> {
  lead({ lookMs: 3_600_000 });
  await until('the step', () => store.hasDied);
  await stop();
  stopping = new AbortController();
  store.diesAt = null;
}

const someLooks = (): Promise<unknown> => {
  const enough = looks + 4;
  return until('some looks', () => looks >= enough);
};
const archived = async (): Promise<JobArchived | null> => {
  const lane = { kind: 'archive', ...JOB } as const;
  return (await store.newest<JobArchived>(lane)).logged?.event ?? null;
};
const ofJob = async (): Promise<number> =>
  (await storedEvents(store)).filter(({ subject }) => subject.includes('.jobs.')).length;
const untilGone = (): Promise<unknown> =>
  until('the job to leave the log', async () => (await ofJob()) === 0);

describe('an ended job', () => {
  it('is written to its archive, said to be so, and leaves the log', async () => {
    await endJob();
    lead();
    await untilGone();
    expect((await archived())?.data).toEqual({
      ...JOB,
      status: 'succeeded',
      url: URL,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      eventCount: 4,
      firstPosition: 1,
      lastPosition: 4,
    });
    expect([...archives.objects.keys()]).toEqual([URL]);
  });

  it('stays until it is long ago', async () => {
    await endJob();
    lead({ afterMs: 3_600_000 });
    await someLooks();
    expect(await archived()).toBeNull();
    expect(await ofJob()).toBe(4);
  });

  it('stays until a checkpoint has sealed it', async () => {
    await endJob({ isSealed: false });
    lead();
    await someLooks();
    expect(await archived()).toBeNull();
    await seal(store);
    await untilGone();
  });

  it('stays until its receiver was told', async () => {
    await endJob({ url: 'https://example.com/' });
    lead();
    await someLooks();
    expect(await archived()).toBeNull();
    await write(webhookDelivered({ jobId: A_JOB }));
    await seal(store);
    await catchUp();
    await untilGone();
    expect((await archived())?.data.eventCount).toBe(5);
  });

  it('is not archived while something of it is not sealed', async () => {
    await endJob();
    await write(batchSucceeded({ index: 7 }));
    lead();
    await someLooks();
    expect(await archived()).toBeNull();
  });

  it('stays for a while after it was archived', async () => {
    await endJob();
    lead({ leaveAfterMs: 3_600_000 });
    await until('the word', async () => (await archived()) !== null);
    await someLooks();
    expect(await ofJob()).toBe(4);
  });

  it('keeps what is said of it later', async () => {
    await endJob();
    lead();
    await untilGone();
    await write(batchSucceeded({ index: 7 }));
    await seal(store);
    await catchUp();
    await someLooks();
    expect(await ofJob()).toBe(1);
  });
});

describe('a leader that dies', () => {
  it.each(['append', 'append, once stored', 'purge'] as const)(
    'at the %s leaves the rest to the next one',
    async (step) => {
      await endJob();
      store.diesAt = step;
      await leadAndDie();
      expect(await ofJob()).toBe(4);
      lead();
      await untilGone();
      expect((await archived())?.data).toMatchObject({ url: URL, eventCount: 4 });
      expect([...archives.objects.keys()]).toContain((await archived())?.data.url);
    },
  );
});

describe('a job', () => {
  it('never leaves the log while its archive cannot be written', async () => {
    await endJob();
    archives.isDown = true;
    lead();
    await someLooks();
    expect([await archived(), await ofJob()]).toEqual([null, 4]);
    archives.isDown = false;
    await untilGone();
  });

  it('is not said to be archived when its archive cannot be read back', async () => {
    await endJob();
    archives.isLying = true;
    lead();
    await someLooks();
    expect([await archived(), await ofJob()]).toEqual([null, 4]);
  });

  it('stays when the archive that the log names is not there any more', async () => {
    await endJob();
    store.diesAt = 'purge';
    await leadAndDie();
    archives.objects.clear();
    lead();
    await someLooks();
    expect(await ofJob()).toBe(4);
  });

  it('is archived once by two leaders', async () => {
    await endJob();
    lead();
    lead();
    await untilGone();
    const all = [];
    for await (const one of store.archives(0)) all.push(one);
    expect(all).toHaveLength(1);
  });

  it('keeps its archive when a leader that was paused before writing goes on', async () => {
    await endJob();
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    archives.gate = promise;
    lead();
    await until('the first leader to write', () => archives.waitingCount === 1);
    archives.gate = null;
    lead();
    await untilGone();
    wake();
    await someLooks();
    const { data } = (await archived()) ?? {};
    if (data === undefined) throw new Error('not archived');
    const events = [];
    for await (const event of readArchive(archives, data)) events.push(event.position);
    expect(events).toEqual([1, 2, 3, 4]);
  });
});
