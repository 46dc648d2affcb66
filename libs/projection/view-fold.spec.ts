import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { workerDocument } from '#libs/domain/status/worker-documents.ts';
import { EVENT_REGISTRY } from '#libs/event-store/codec/event-registry.ts';
import type { DecisionLane, FactLane, LogEntry } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { anyHistory, endedHistory, logOf } from '#test/support/history.builders.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { InMemoryDocumentStore } from './document-store/in-memory/in-memory-document-store.ts';
import type { DocumentKey } from './document-store/document-store.port.ts';
import { EndedJobs } from './ended-jobs.ts';
import { nothingFolded, ViewFold } from './view-fold.ts';
import { stateSha256, ViewSnapshots } from './view-snapshots.ts';

const JOBS = ['a', 'b', 'c'].map((digit) => jobId(digit.repeat(16)));
const { signal } = new AbortController();

/** Loses what it is told to lose, and damages some. */
class LossyDocumentStore extends InMemoryDocumentStore {
  constructor(private readonly fate: (key: DocumentKey) => 'kept' | 'lost' | 'damaged') {
    super();
  }

  override async put(key: DocumentKey, json: string): Promise<void> {
    const fate = this.fate(key);
    if (fate === 'kept') await super.put(key, json);
    if (fate === 'damaged') await super.put(key, json.replace('"workers":', '"workers" :'));
  }
}

/** The histories of three jobs, one after the other in turns, as one log. */
async function logOfAll(histories: readonly LoggedEvent[][]): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore();
  const length = Math.max(...histories.map((history) => history.length));
  for (let place = 0; place < length; place++) {
    for (const [n, history] of histories.entries()) {
      const logged = history[place];
      const id = JOBS[n];
      if (logged === undefined || id === undefined) continue;
      const event = { ...logged.event, data: { ...logged.event.data, jobId: id } };
      const fact = { id: `${n}.${logged.id}`, at: logged.at, event: event as LoggedEvent['event'] };
      const kind = EVENT_REGISTRY[fact.event.type].lane;
      const lane = { kind, apiName: apiName('sum'), jobId: id } as DecisionLane & FactLane;
      if (kind === 'batch' || kind === 'worker') await store.record(lane, [fact]);
      else await store.append(lane, fact, (await store.read(lane)).version);
    }
  }
  return store;
}

async function entriesOf(store: InMemoryEventStore): Promise<readonly LogEntry[]> {
  for await (const entries of store.follow(0, signal)) return entries;
  return [];
}

const shown = (job: JobView | null | undefined): string =>
  job === null || job === undefined
    ? 'unknown'
    : stringifyWithRaw([
        jobStatusDocument(job, NEVER_STALLED),
        ...[...job.workers].map((worker) => workerDocument(job, worker, NEVER_STALLED)),
      ]);

async function shownBy({ view, ended }: ViewFold, id: JobId): Promise<string> {
  const row = view.ended.get(id);
  return shown(row === null ? view.jobs.get(id) : await ended.recall(row));
}

const history = fc.oneof(anyHistory, endedHistory).map(logOf);
const histories = fc.tuple(history, history, history);
const fates = fc.infiniteStream(fc.constantFrom('kept', 'lost', 'damaged'));

const foldOn = (store: InMemoryEventStore, documents = new InMemoryDocumentStore()): ViewFold =>
  new ViewFold(nothingFolded(), {
    ended: new EndedJobs({ store, documents, logger: silentLogger }, 1, true),
    logger: silentLogger,
  });

describe('a fold that keeps no ended jobs', () => {
  it('shows at every position what the events up to there say, whatever becomes of documents', async () => {
    let retiredCount = 0;
    const property = fc.asyncProperty(histories, fates, async (given, fate) => {
      const store = await logOfAll(given);
      const documents = new LossyDocumentStore(() => fate.next().value ?? 'kept');
      const fold = foldOn(store, documents);
      const plain = new PlatformView();
      for (const entry of await entriesOf(store)) {
        await fold.take([entry], signal);
        if (entry.kind === 'event') plain.apply(entry.logged);
        await fold.ended.settled();
        for (const id of JOBS) expect(await shownBy(fold, id)).toBe(shown(plain.jobs.get(id)));
      }
      retiredCount += fold.view.ended.size;
    });
    await fc.assert(property, { numRuns: 40 });
    expect(retiredCount).toBeGreaterThan(10);
  });

  it('has one state at a position, of whatever groups it came and whatever it was resumed from', async () => {
    const property = fc.asyncProperty(
      histories,
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      fc.nat({ max: 100 }),
      async (given, sizes, cutAt) => {
        const store = await logOfAll(given);
        const entries = await entriesOf(store);
        const rebuilt = foldOn(store);
        await rebuilt.take(entries, signal);

        const live = foldOn(store);
        const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
        let resumed: ViewFold | null = null;
        for (let start = 0; start < entries.length;) {
          const size = sizes.next().value ?? 1;
          const group = entries.slice(start, start + size);
          await live.take(group, signal);
          await resumed?.take(group, signal);
          start += size;
          if (resumed !== null || start < cutAt) continue;
          const { sha256 } = await snapshots.save(1, live);
          const loaded = await snapshots.load(1);
          expect(await stateSha256(loaded)).toBe(sha256);
          resumed = new ViewFold(loaded, { ended: live.ended, logger: silentLogger });
        }

        const expected = await stateSha256(rebuilt);
        expect(await stateSha256(live)).toBe(expected);
        if (resumed !== null) expect(await stateSha256(resumed)).toBe(expected);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
});
