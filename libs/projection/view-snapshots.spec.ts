import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { apiSpecDocument, jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { LogEntry } from '#libs/event-store/event-store.port.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { anApiDeleted, anApiDeployed } from '#test/support/api.builders.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { anyHistory, logOf } from '#test/support/history.builders.ts';
import { A_JOB, aJobSubmitted } from '#test/support/job.builders.ts';
import { entry, ScriptedLog, unreadableEntry } from '#test/support/scripted-log.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { InMemoryDocumentStore } from './document-store/in-memory/in-memory-document-store.ts';
import { ViewFollower } from './view-follower.ts';
import { ViewSnapshots } from './view-snapshots.ts';

/** Keeps its objects where a test can get at them. */
class OpenBlobStore extends InMemoryBlobStore {
  readonly keys = new Set<string>();

  override put(key: string, bytes: Uint8Array): Promise<void> {
    this.keys.add(key);
    return super.put(key, bytes);
  }
}

const openOn = (log: ScriptedLog, blobs: BlobStore): Promise<ViewFollower> =>
  ViewFollower.open({
    store: log,
    snapshots: new ViewSnapshots(blobs, silentLogger),
    documents: new InMemoryDocumentStore(),
    logger: silentLogger,
  });

/** Follows `log` to its end, saves a snapshot, and lets go. */
async function followToEnd(log: ScriptedLog, blobs: BlobStore): Promise<ViewFollower> {
  const stopping = new AbortController();
  const follower = await openOn(log, blobs);
  const running = follower.run(stopping.signal);
  await follower.caughtUp();
  stopping.abort();
  await running;
  await new ViewSnapshots(blobs, silentLogger).save(1, follower);
  return follower;
}

/** Everything that users can be shown, as bytes. */
const documentsOf = (view: PlatformView): string =>
  [
    ...[...view.jobs.values()].map((job) =>
      stringifyWithRaw(jobStatusDocument(job, NEVER_STALLED)),
    ),
    ...[...view.apis.values()].flatMap((api) =>
      [api.current, ...api.allVersions].map((version) =>
        version === null ? 'deleted' : stringifyWithRaw(apiSpecDocument(version)),
      ),
    ),
  ].join('\n');

const entriesOf = (log: readonly LoggedEvent[]): LogEntry[] =>
  log.map((logged) => ({ kind: 'event', logged }));

const unheardOf = JSON.parse('{"type":"MoonRose","data":{}}') as PlatformEvent;

function replaced(bytes: Buffer, from: string, to: string): Buffer {
  const text = bytes.toString('latin1');
  if (!text.includes(from)) throw new Error(`the snapshot has no ${from}`);
  return Buffer.from(text.replace(from, to), 'latin1');
}

describe('a snapshot', () => {
  let log: ScriptedLog;
  let blobs: OpenBlobStore;

  beforeEach(() => {
    log = new ScriptedLog();
    blobs = new OpenBlobStore();
  });

  it('and what came after it make the documents that the whole log makes, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, fc.nat({ max: 60 }), async (history, cut) => {
        const entries = entriesOf(logOf(history));
        const interrupted = new ScriptedLog(entries.slice(0, cut));
        const kept = new InMemoryBlobStore();
        await followToEnd(interrupted, kept);
        interrupted.add(...entries.slice(cut));
        const resumed = await followToEnd(interrupted, kept);

        const whole = await followToEnd(new ScriptedLog(entries), new InMemoryBlobStore());
        expect(documentsOf(resumed.view)).toBe(documentsOf(whole.view));
        expect(resumed.view.snapshot()).toEqual(whole.view.snapshot());
      }),
      { numRuns: 60 },
    );
  });

  it('keeps deployed and deleted APIs with every version', async () => {
    log.add(entry(1, anApiDeployed()), entry(2, aJobSubmitted()));
    const before = await followToEnd(log, blobs);
    expect(documentsOf((await openOn(log, blobs)).view)).toBe(documentsOf(before.view));
    log.add(entry(3, anApiDeleted()));
    const after = await followToEnd(log, blobs);
    expect(documentsOf((await openOn(log, blobs)).view)).toBe(documentsOf(after.view));
  });

  it('is where following goes on', async () => {
    log.add(entry(1, aJobSubmitted()), unreadableEntry(2));
    await followToEnd(log, blobs);
    const follower = await openOn(log, blobs);
    expect(follower.position).toBe(2);
    expect(follower.parked).toHaveLength(1);
    expect(follower.view.jobs.has(A_JOB)).toBe(true);
  });

  it('is not used when it is ahead of the log', async () => {
    log.add(entry(1, aJobSubmitted()), entry(9, batchSucceeded()), unreadableEntry(10));
    await followToEnd(log, blobs);
    const other = new ScriptedLog([entry(3, aJobSubmitted({ workers: 7 }))]);
    const follower = await followToEnd(other, blobs);
    expect(follower.position).toBe(3);
    expect(follower.parked).toEqual([]);
    expect(follower.view.jobs.get(A_JOB)?.submitted.workers).toBe(7);
  });

  it.each([
    ['is empty', () => new Uint8Array(0)],
    ['is not UTF-8', () => new Uint8Array([0xff, 0xfe, 0x00])],
    ['is another JSON', () => new TextEncoder().encode('null\nnull\n')],
    ['is of another version', (bytes: Buffer) => replaced(bytes, '"version":', '"version":9')],
    ['has no position', (bytes: Buffer) => replaced(bytes, '"position"', '"place"')],
    ['says another state', (bytes: Buffer) => replaced(bytes, '"workers":1', '"workers":7')],
    ['breaks off', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['goes on', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')])],
  ])('is not used when it %s', async (_what, damaged) => {
    log.add(entry(1, aJobSubmitted({ workers: 1 })), entry(2, batchSucceeded()));
    await followToEnd(log, blobs);
    for (const key of blobs.keys) {
      await blobs.put(key, damaged(Buffer.from((await blobs.get(key)) ?? [])));
    }
    const ahead = new ScriptedLog([entry(1, aJobSubmitted()), entry(2, unheardOf)]);
    expect((await openOn(ahead, blobs)).position).toBe(0);

    const follower = await followToEnd(log, blobs);
    expect(follower.view.jobs.get(A_JOB)?.batchCounts.succeeded).toBe(1);
    expect(follower.parked).toEqual([]);
  });
});
