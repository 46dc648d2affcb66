import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { JobArchive } from '#libs/domain/archive/archive.events.ts';
import { apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import {
  type ArchiveProblem,
  ArchiveUnreadable,
  EMPTY_LANE,
  type EventStore,
  type LogEntry,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { InMemoryArchiveStore } from '#libs/object-store/in-memory/in-memory-archive-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { archiveJob } from '#test/support/archive.builders.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted, jobStopRequested } from '#test/support/job.builders.ts';
import { storedEvents, writeHistory } from '#test/support/sealed-log.ts';
import { ArchivedEventStore } from './archived-event-store.ts';

const API = apiName('sum');
const OTHER_JOB = jobId('00000000000000bb');
const AT = '2026-11-23T10:00:00.000Z';

let log: InMemoryEventStore;
let archives: InMemoryArchiveStore;
let store: ArchivedEventStore;

beforeEach(async () => {
  log = new InMemoryEventStore();
  archives = new InMemoryArchiveStore();
  store = new ArchivedEventStore(log, { archives, logger: silentLogger, indexAgeMsMax: 0 });
  await writeJobs();
});

const write = (job: JobId, event: PlatformEvent): Promise<void> =>
  writeHistory(log, { apiName: API, jobId: job }, [{ event, at: AT }]);

/** Two jobs by turns: the first has the odd positions up to 9, the second the even ones and the rest. */
async function writeJobs(): Promise<void> {
  for (const job of [A_JOB, OTHER_JOB])
    await write(job, aJobSubmitted({ jobId: job, apiName: API }));
  for (const index of [0, 1, 2]) {
    for (const job of [A_JOB, OTHER_JOB]) await write(job, batchSucceeded({ jobId: job, index }));
  }
  for (const job of [A_JOB, OTHER_JOB]) await write(job, jobStopRequested({ jobId: job }));
}

const archive = (job: JobId, isPurged = true): Promise<JobArchive> =>
  archiveJob({ log, archives }, { apiName: API, jobId: job }, { isPurged });

async function historyOf(from: EventStore, job: JobId, after = 0): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of from.history(API, job, after)) entries.push(entry);
  return entries;
}

async function followed(from: EventStore, after = 0): Promise<LogEntry[]> {
  const last = await from.lastPosition();
  const entries: LogEntry[] = [];
  const enough = new AbortController();
  for await (const group of from.follow(after, enough.signal)) {
    entries.push(...group);
    const newest = entries.at(-1);
    if (newest?.kind === 'event' && newest.logged.position >= last) break;
  }
  enough.abort();
  return entries;
}

/** What is the same before and after, from a log in which nothing more is written. */
async function readings(from: EventStore): Promise<unknown> {
  const last = 10;
  const moments = [];
  for (let place = 0; place <= last; place++) moments.push(await from.momentAt(place));
  const stored = (await storedEvents(from)).filter(({ position }) => position <= last);
  return {
    moments,
    stored: stored.map((event) => ({ ...event, cloudEvent: textOf(event) })),
    followed: (await followed(from)).slice(0, last),
    behind: (await followed(from, 4)).slice(0, last - 4),
    histories: [await historyOf(from, A_JOB), await historyOf(from, OTHER_JOB)],
    later: [await historyOf(from, A_JOB, 3), await historyOf(from, OTHER_JOB, 9)],
    lanes: await Promise.all(
      [A_JOB, OTHER_JOB].map(async (id) => {
        const { events } = await from.read({ kind: 'job', apiName: API, jobId: id });
        const { logged } = await from.newest({ kind: 'job', apiName: API, jobId: id });
        return { events, logged };
      }),
    ),
  };
}
const textOf = ({ cloudEvent }: StoredEvent): unknown => ({
  ...cloudEvent,
  data: Buffer.from(cloudEvent.data).toString(),
});

async function* oneByOne(events: readonly StoredEvent[]): AsyncGenerator<StoredEvent> {
  for (const event of events) {
    await Promise.resolve();
    yield event;
  }
}

describe('a log that jobs have left', () => {
  it.each([
    ['the first job', [A_JOB]],
    ['the second job', [OTHER_JOB]],
    ['both', [A_JOB, OTHER_JOB]],
  ])('reads as before when %s was archived', async (_title, jobs) => {
    const before = await readings(log);
    for (const job of jobs) await archive(job);
    expect((await storedEvents(log)).length).toBeLessThan(11);
    expect(await readings(store)).toEqual(before);
  });

  it('finds the moment of a time in what has left it', async () => {
    const times = (await storedEvents(log)).map(({ storedAt }) => new Date(storedAt));
    const before = await Promise.all(times.map((time) => log.momentAt(time)));
    await archive(A_JOB);
    await archive(OTHER_JOB);
    expect(await Promise.all(times.map((time) => store.momentAt(time)))).toEqual(before);
  });

  it('has what came later about an archived job behind it', async () => {
    await archive(A_JOB);
    await writeHistory(log, { apiName: API, jobId: A_JOB }, [
      { event: batchSucceeded({ index: 9 }), at: AT },
    ]);
    const entries = await historyOf(store, A_JOB);
    expect(entries).toHaveLength(6);
    expect(entries.at(-1)).toMatchObject({ logged: { event: { data: { index: 9 } } } });
    const late = { id: 'late', at: AT, event: jobStopRequested() };
    const lane = { kind: 'job', apiName: API, jobId: A_JOB } as const;
    await store.append(lane, late, EMPTY_LANE);
    expect((await store.read(lane)).events).toHaveLength(3);
  });

  it('gives a follower what leaves it on the way', async () => {
    const groups = store.follow(0, new AbortController().signal)[Symbol.asyncIterator]();
    const entries = [...(((await groups.next()).value ?? []) as LogEntry[])];
    await archive(A_JOB);
    await archive(OTHER_JOB);
    entries.push(...(((await groups.next()).value ?? []) as LogEntry[]));
    expect(entries).toHaveLength(12);
    await groups.return?.(null);
  });

  it('is imported whole, and needs no archive then', async () => {
    const before = await readings(log);
    await archive(A_JOB);
    const imported = new InMemoryEventStore();
    await imported.restore(oneByOne(await storedEvents(store)));
    const nothing = new InMemoryArchiveStore();
    const deps = { archives: nothing, logger: silentLogger, isReadOnly: true };
    expect(await readings(new ArchivedEventStore(imported, deps))).toEqual(before);
  });

  it('reads a job that has not left from the log when its archive is away', async () => {
    const before = await historyOf(log, A_JOB);
    await archive(A_JOB, false);
    archives.objects.clear();
    expect(await historyOf(store, A_JOB)).toEqual(before);
  });
});

describe('an archive that is missing', () => {
  let url = '';
  beforeEach(async () => {
    url = (await archive(A_JOB)).url;
    archives.objects.clear();
  });

  it('is named to whoever reads the job', async () => {
    await expect(historyOf(store, A_JOB)).rejects.toThrow(ArchiveUnreadable);
    await expect(historyOf(store, A_JOB)).rejects.toThrow(
      `job ${A_JOB}: archive ${url} is missing`,
    );
    expect(await historyOf(store, OTHER_JOB)).toHaveLength(5);
  });

  it('is an unreadable entry to a follower, which goes on', async () => {
    const entries = await followed(store);
    expect(entries.filter(({ kind }) => kind === 'event')).toHaveLength(6);
    expect(entries.filter(({ kind }) => kind === 'unreadable')).toMatchObject([
      { unreadable: { problem: expect.stringContaining('is missing'), subject: url } },
    ]);
  });

  it('is told once to whoever takes the log as it is stored', async () => {
    const problems: ArchiveProblem[] = [];
    const events = await storedEvents({
      lastPosition: () => store.lastPosition(),
      followStored: (after, signal) =>
        store.followStored(after, signal, (problem) => problems.push(problem)),
    });
    expect(events).toHaveLength(6);
    expect(problems).toMatchObject([{ position: null, message: expect.stringContaining(url) }]);
    await expect(storedEvents(store)).rejects.toThrow(ArchiveUnreadable);
  });
});

/** Lines of the archive of the first job, changed. */
async function tamper(change: (lines: string[]) => string[]): Promise<void> {
  const { url } = await archive(A_JOB);
  const lines = gunzipSync(archives.objects.get(url) ?? '')
    .toString()
    .split('\n');
  archives.objects.set(url, gzipSync(change(lines).join('\n')));
}
const problemsOfStored = async (): Promise<ArchiveProblem[]> => {
  const problems: ArchiveProblem[] = [];
  const last = await store.lastPosition();
  const enough = new AbortController();
  const onProblem = (problem: ArchiveProblem): number => problems.push(problem);
  for await (const group of store.followStored(0, enough.signal, onProblem)) {
    if ((group.at(-1)?.position ?? 0) >= last) break;
  }
  enough.abort();
  return problems;
};

describe('an archive that somebody changed', () => {
  it.each([
    [
      'an event',
      (lines: string[]) => lines.with(2, `${lines[2]?.replace('"index":1', '"index":8')}`),
      5,
    ],
    ['its order', ([a = '', b = '', ...others]: string[]) => [b, a, ...others], 1],
  ])('in %s is named by its position', async (_title, change, position) => {
    await tamper(change);
    expect(await problemsOfStored()).toContainEqual(
      expect.objectContaining({ position, message: expect.stringMatching(/line \d/) }),
    );
    await expect(historyOf(store, A_JOB)).rejects.toThrow(ArchiveUnreadable);
  });

  it.each([
    ['of which a line was removed', (lines: string[]) => lines.toSpliced(2, 1)],
    ['which is cut', (lines: string[]) => lines.slice(0, 2)],
  ])('%s is found by its hash', async (_title, change) => {
    await tamper(change);
    expect(await problemsOfStored()).toMatchObject([
      { position: null, message: expect.stringContaining('holds other events') },
    ]);
    await expect(historyOf(store, A_JOB)).rejects.toThrow('holds other events');
  });

  it('into no archive at all cannot be unpacked', async () => {
    const { url } = await archive(A_JOB);
    archives.objects.set(url, Buffer.from('nothing packed'));
    await expect(historyOf(store, A_JOB)).rejects.toThrow('cannot be unpacked');
    archives.objects.set(url, gzipSync('{"a":1}\n{"b":').subarray(0, -9));
    await expect(historyOf(store, A_JOB)).rejects.toThrow(ArchiveUnreadable);
  });
});
