import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readLine } from '#libs/audit/export-line.ts';
import { ExportVerifier } from '#libs/audit/verify-export.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { EndedJob } from '#libs/domain/status/ended-job-table.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { EventStore, LogEntry } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { EndedJobs } from '#libs/projection/ended-jobs.ts';
import { foldTo } from '#libs/projection/fold-to.ts';
import { type FoldedState, nothingFolded, ViewFold } from '#libs/projection/view-fold.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { anyHistory, endedHistory, submitted } from '#test/support/history.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { writeHistory } from '#test/support/sealed-log.ts';
import { exportLog } from '../../services/gateway/export-log/export-log.ts';
import { getJob } from '../../services/status-projector/get-job/get-job.ts';
import { listJobs } from '../../services/status-projector/list-jobs/list-jobs.ts';
import { listWorkers } from '../../services/status-projector/list-workers/list-workers.ts';
import { PastViews } from '../../services/status-projector/past-views.ts';

const JOB = { apiName: apiName('sum'), jobId: A_JOB };
const RULE = { nowMs: Date.UTC(2026, 10, 24), stalledAfterMs: 600_000 };
const NEVER = new AbortController().signal;
/** In every other one the job leaves memory. */
const histories = fc.oneof(anyHistory, endedHistory);

/** A view of everything, and the way to ended jobs that it has but rows of. */
interface Known {
  readonly view: PlatformView;
  readonly ended: Pick<EndedJobs, 'recall'>;
}

/** Everything that is answered from a view, as text. */
async function answersOf({ view, ended }: Known): Promise<string> {
  const row = view.ended.get(JOB.jobId);
  const job = view.jobs.get(JOB.jobId) ?? (row && (await ended.recall(row)));
  const recall = (one: EndedJob): Promise<JobView> => ended.recall(one);
  const jobs = { apiName: null, statuses: null, after: null, countMax: 10 };
  return JSON.stringify([
    getJob(view, job, RULE),
    await listJobs(view, jobs, { rule: RULE, recall }),
    listWorkers(job, { ...JOB, after: null, countMax: 10 }, RULE),
  ]);
}

async function entriesOf(store: EventStore): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  const last = await store.lastPosition();
  for await (const group of store.follow(0, new AbortController().signal)) {
    entries.push(...group);
    if (entries.length >= last) break;
  }
  return entries;
}

/** The definition: the fold of the prefix, from nothing, in which nothing leaves memory. */
async function ofPrefixes(store: EventStore): Promise<string[]> {
  const entries = await entriesOf(store);
  const nobody = { recall: () => Promise.reject(new Error('nothing has left')) };
  const answers: string[] = [];
  for (const place of entries.keys()) {
    const ofPrefix = new PlatformView();
    for (const entry of entries.slice(0, place + 1)) {
      if (entry.kind === 'event') ofPrefix.apply(entry.logged);
    }
    answers.push(await answersOf({ view: ofPrefix, ended: nobody }));
  }
  return answers;
}

/** What a platform keeps beside its log. */
const keptBeside = (store: EventStore) => ({
  store,
  documents: new InMemoryDocumentStore(),
  snapshots: new ViewSnapshots(new InMemoryBlobStore(), silentLogger),
  logger: silentLogger,
});
type Kept = ReturnType<typeof keptBeside>;

const foldFrom = (kept: Kept, state: FoldedState, generation = 1): ViewFold =>
  new ViewFold(state, { ended: new EndedJobs(kept, generation, true), logger: silentLogger });

/** A view that goes on and on. */
async function live(store: EventStore): Promise<string[]> {
  const fold = foldFrom(keptBeside(store), nothingFolded());
  const answers: string[] = [];
  for (const entry of await entriesOf(store)) {
    await fold.take([entry], NEVER);
    answers.push(await answersOf(fold));
  }
  return answers;
}

/** A projector that is restarted after every event. */
async function afterSnapshots(store: EventStore): Promise<string[]> {
  const kept = keptBeside(store);
  const answers: string[] = [];
  for (const entry of await entriesOf(store)) {
    const fold = foldFrom(kept, await kept.snapshots.load(1));
    await fold.take([entry], NEVER);
    await fold.ended.settled();
    await kept.snapshots.save(1, fold);
    answers.push(await answersOf(foldFrom(kept, await kept.snapshots.load(1))));
  }
  return answers;
}

/** A projection made anew up to each position, with documents of its own. */
async function rebuilt(store: EventStore): Promise<string[]> {
  const kept = keptBeside(store);
  const last = await store.lastPosition();
  const answers: string[] = [];
  for (let position = 1; position <= last; position++) {
    const fold = foldFrom(kept, nothingFolded(), position);
    await foldTo(store, fold, position, NEVER);
    await fold.ended.settled();
    answers.push(await answersOf(fold));
  }
  return answers;
}

/** As `?at=` answers, in no order. */
async function lookedBack(store: EventStore): Promise<string[]> {
  const kept = keptBeside(store);
  const stopping = new AbortController();
  const followed = await ViewFollower.open({ ...kept, isWriter: true });
  const running = followed.run(stopping.signal);
  await followed.caughtUp();
  const past = new PastViews({ ...kept, followed });
  const last = await store.lastPosition();
  const answers: string[] = [];
  const positions = Array.from({ length: last }, (_, place): Position => last - place);
  for (const position of positions) {
    const { view, job } = await past.ofJob(JOB.jobId, position);
    const answer = await past.ofAll(position, answersOf);
    expect(JSON.stringify(getJob(view, job, RULE))).toBe(JSON.stringify(JSON.parse(answer)[0]));
    answers.unshift(answer);
  }
  stopping.abort();
  await running;
  return answers;
}

/** Another platform that was given the export. */
async function afterImport(store: EventStore): Promise<string[]> {
  const verifier = new ExportVerifier();
  const imported = new InMemoryEventStore();
  const scope = { apiName: null, jobId: null };
  async function* events(): AsyncGenerator<StoredEvent> {
    for await (const line of exportLog(store, { scope, signal: new AbortController().signal })) {
      const text = line.subarray(0, -1);
      verifier.take(text);
      const read = readLine(text);
      if (read.kind === 'event') yield read.event;
    }
  }
  await imported.restore(events());
  expect(verifier.finish().problems).toEqual([]);
  return live(imported);
}

/** Ways in which a platform comes to know what it answers. */
const WAYS: readonly (readonly [string, (store: EventStore) => Promise<string[]>])[] = [
  ['live', live],
  ['after a restart from a snapshot', afterSnapshots],
  ['after a rebuild', rebuilt],
  ['about an earlier moment', lookedBack],
  ['after export and import', afterImport],
];

describe('what is answered at every position of any log', () => {
  it.each(WAYS)('%s is the fold of the log up to there, byte for byte', async (_title, way) => {
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 20 }), async (history, sealEvery) => {
        const store = new InMemoryEventStore();
        const first = { event: submitted, at: '2026-11-23T00:00:00.000Z' };
        await writeHistory(store, JOB, [first, ...history], sealEvery);
        expect(await way(store)).toEqual(await ofPrefixes(store));
      }),
      { numRuns: 100 },
    );
  });
});
