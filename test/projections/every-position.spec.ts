import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readLine } from '#libs/audit/export-line.ts';
import { ExportVerifier } from '#libs/audit/verify-export.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { EventStore, LogEntry } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { anyHistory, submitted } from '#test/support/history.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { writeHistory } from '#test/support/sealed-log.ts';
import { exportLog } from '../../services/gateway/export-log/export-log.ts';
import { getJob } from '../../services/status-projector/get-job/get-job.ts';
import { listJobs } from '../../services/status-projector/list-jobs/list-jobs.ts';
import { listWorkers } from '../../services/status-projector/list-workers/list-workers.ts';
import { PastViews } from '../../services/status-projector/past-views.ts';

const JOB = { apiName: apiName('sum'), jobId: A_JOB };
const RULE = { nowMs: Date.UTC(2026, 10, 24), stalledAfterMs: 600_000 };

/** Everything that is answered from a view, as text. */
function answersOf(view: PlatformView): string {
  const jobs = { apiName: null, statuses: null, after: null, countMax: 10 };
  return JSON.stringify([
    getJob(view, JOB, RULE),
    listJobs(view, jobs, RULE),
    listWorkers(view, { ...JOB, after: null, countMax: 10 }, RULE),
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

function take(view: PlatformView, entry: LogEntry | undefined): void {
  if (entry?.kind === 'event') view.apply(entry.logged);
}

/** The definition: the fold of the prefix, from nothing. */
async function ofPrefixes(store: EventStore): Promise<string[]> {
  const entries = await entriesOf(store);
  return entries.map((_, place) => {
    const view = new PlatformView();
    for (const entry of entries.slice(0, place + 1)) take(view, entry);
    return answersOf(view);
  });
}

/** A view that goes on and on. */
async function live(store: EventStore): Promise<string[]> {
  const view = new PlatformView();
  const answers: string[] = [];
  for (const entry of await entriesOf(store)) {
    take(view, entry);
    answers.push(answersOf(view));
  }
  return answers;
}

/** A projector that is restarted after every event. */
async function afterSnapshots(store: EventStore): Promise<string[]> {
  const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
  const answers: string[] = [];
  for (const entry of await entriesOf(store)) {
    const { view } = await snapshots.load();
    take(view, entry);
    await snapshots.save({ view, parked: [] });
    answers.push(answersOf((await snapshots.load()).view));
  }
  return answers;
}

/** As `?at=` answers, in no order. */
async function lookedBack(store: EventStore): Promise<string[]> {
  const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
  const past = new PastViews({ store, snapshots });
  const last = await store.lastPosition();
  const answers: string[] = [];
  const positions = Array.from({ length: last }, (_, place): Position => last - place);
  for (const position of positions) answers.unshift(await past.ofAll(position, answersOf));
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
  ['about an earlier moment', lookedBack],
  ['after export and import', afterImport],
];

describe('what is answered at every position of any log', () => {
  it.each(WAYS)('%s is the fold of the log up to there, byte for byte', async (_title, way) => {
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.integer({ min: 1, max: 20 }), async (history, sealEvery) => {
        const store = new InMemoryEventStore();
        const first = { event: submitted, at: '2026-11-23T00:00:00.000Z' };
        await writeHistory(store, JOB, [first, ...history], sealEvery);
        expect(await way(store)).toEqual(await ofPrefixes(store));
      }),
      { numRuns: 25 },
    );
  });
});
