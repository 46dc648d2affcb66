import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import type { Fact } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import type { DocumentKey } from '#libs/projection/document-store/document-store.port.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { readProjectionState } from '#libs/projection/projection-record.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { stateSha256, ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { until } from '#test/support/until.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { RebuildProjection } from './rebuild-projection.ts';

const sum = apiName('sum');
const idOf = (n: number): JobId => jobId((0xffff - n).toString(16).padStart(16, '0'));

/** Waits before it stores documents of generation 2 until it is let. */
class GatedDocumentStore extends InMemoryDocumentStore {
  gate: Promise<void> = Promise.resolve();

  override async put(key: DocumentKey, json: string): Promise<void> {
    if (key.generation > 1) await this.gate;
    await super.put(key, json);
  }
}

describe('rebuilding the projection', () => {
  let store: InMemoryEventStore;
  let documents: GatedDocumentStore;
  let snapshots: ViewSnapshots;
  let lease: InMemoryLeaderLease;
  let stops: (() => Promise<void>)[];

  beforeEach(() => {
    store = new InMemoryEventStore();
    documents = new GatedDocumentStore();
    snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
    lease = new InMemoryLeaderLease();
    stops = [];
  });
  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
  });

  const start = async (): Promise<{
    readonly followed: ViewFollower;
    readonly rebuild: RebuildProjection;
    readonly stop: () => Promise<void>;
  }> => {
    const deps = { store, documents, snapshots, logger: silentLogger };
    const followed = await ViewFollower.open({ ...deps, isWriter: true });
    const stopping = new AbortController();
    const rebuild = new RebuildProjection({
      ...deps,
      followed,
      lease,
      clock: systemClock,
      lookMs: 5,
    });
    const running = [followed.run(stopping.signal), rebuild.run(stopping.signal)];
    const stop = async (): Promise<void> => {
      stopping.abort();
      await Promise.all(running);
    };
    stops.push(stop);
    await followed.caughtUp();
    return { followed, rebuild, stop };
  };

  /** A job that ended, of one worker, which left. */
  const runJob = async (n: number): Promise<void> => {
    const id = idOf(n);
    const fact = <E extends Fact['event']>(event: E): Fact<E> => ({
      id: `${n}.${event.type}`,
      at: '2026-11-23T10:00:00.000Z',
      event,
    });
    const lane = { kind: 'job', apiName: sum, jobId: id } as const;
    await store.append(lane, fact(aJobSubmitted({ jobId: id, workers: 1 })), 0);
    const { version } = await store.read(lane);
    await store.append(lane, fact(jobCompleted({ jobId: id })), version);
    const left = workerStateChanged({ jobId: id, state: 'succeeded', willRestart: false });
    await store.record({ kind: 'worker', apiName: sum, jobId: id }, [fact(left)]);
  };
  const runJobs = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) await runJob(n);
  };
  const documentsOf = (generation: number, count: number): Promise<(string | null)[]> =>
    Promise.all(
      Array.from({ length: count }, (_, n) => documents.get({ generation, jobId: idOf(n) })),
    );

  it('makes the same documents and the same state, byte for byte, and deletes the old ones', async () => {
    await runJobs(0, 30);
    const { followed, rebuild } = await start();
    await followed.ended.settled();
    expect(followed.view.ended.size).toBe(30);
    const before = await documentsOf(1, 30);
    const stateBefore = await stateSha256(followed);

    await rebuild.request();
    await until('the swap', () => followed.generation === 2);
    expect(await documentsOf(2, 30)).toEqual(before);
    expect(before).not.toContain(null);
    expect(await stateSha256(followed)).toBe(stateBefore);
    await until('old documents to be deleted', async () => {
      return (await readProjectionState(documents)).oldestGeneration === 2;
    });
    expect(new Set(await documentsOf(1, 30))).toEqual(new Set([null]));
  });

  it('tells the truth again of a document that somebody spoilt', async () => {
    await runJobs(0, 3);
    const { followed, rebuild } = await start();
    await followed.ended.settled();
    const key = { generation: 1, jobId: idOf(1) };
    const truth = await documents.get(key);
    await documents.put(key, truth?.replace('"workers":1', '"workers":9') ?? '');
    expect((await followed.job(idOf(1)))?.submitted.workers).toBe(1);

    await documents.put(key, truth?.replace('"workers":1', '"workers":9') ?? '');
    await rebuild.request();
    await until('the swap', () => followed.generation === 2);
    expect(await documents.get({ ...key, generation: 2 })).toBe(truth);
  });

  it('goes on answering meanwhile, and takes what happened meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    documents.gate = gate.promise;
    await runJobs(0, 5);
    const { followed, rebuild } = await start();
    await rebuild.request();
    expect((await rebuild.request()).rebuild?.generation).toBe(2);
    await runJobs(5, 10);
    await followed.caughtUp();
    expect(followed.generation).toBe(1);
    expect(followed.view.ended.size).toBe(10);

    gate.resolve();
    await until('the swap', () => followed.generation === 2);
    await runJobs(10, 12);
    await followed.caughtUp();
    expect(followed.view.ended.size).toBe(12);
    expect((await rebuild.read()).rebuild).toBeNull();
  });

  it('is done once by one of several, and all go on with it', async () => {
    await runJobs(0, 5);
    const all = [await start(), await start(), await start()];
    await all[0]?.rebuild.request();
    await until('all to swap', () => all.every(({ followed }) => followed.generation === 2));
    await runJobs(5, 6);
    for (const { followed } of all) {
      await followed.caughtUp();
      expect(followed.view.ended.size).toBe(6);
    }
    expect(await readProjectionState(documents)).toMatchObject({ generation: 2, rebuild: null });
  });

  it('is taken up again when the one who was at it is gone', async () => {
    const gate = Promise.withResolvers<void>();
    documents.gate = gate.promise;
    await runJobs(0, 5);
    const first = await start();
    await first.rebuild.request();
    await until('it to begin', async () => {
      const { rebuild } = await readProjectionState(documents);
      return rebuild !== null && rebuild.position > 0;
    });
    const stopped = first.stop();
    gate.resolve();
    await stopped;

    const second = await start();
    await until('the swap', () => second.followed.generation === 2);
    expect(second.followed.view.ended.size).toBe(5);
  });
});
