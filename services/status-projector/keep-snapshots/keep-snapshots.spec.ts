import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BlobStoreUnavailable } from '#libs/object-store/blob-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { aJobSubmitted } from '#test/support/job.builders.ts';
import { until } from '#test/support/until.ts';
import { viewOf } from '#test/support/view.builders.ts';
import { keepSnapshots, type SnapshotSource } from './keep-snapshots.ts';

const ONE_HOUR_MS = 3_600_000;

/** Counts what is saved; fails or waits when it is told to. */
class CountingBlobStore extends InMemoryBlobStore {
  savedCount = 0;
  triedCount = 0;
  isAway = false;
  gate: Promise<void> = Promise.resolve();

  override async put(key: string, bytes: Uint8Array): Promise<void> {
    this.triedCount += 1;
    await this.gate;
    if (this.isAway) throw new BlobStoreUnavailable('away');
    await super.put(key, bytes);
    this.savedCount += 1;
  }
}

const sourceAt = (position: number): SnapshotSource => {
  const view = viewOf(aJobSubmitted());
  view.skip(position);
  return { position, generation: 1, view, parked: [] };
};

describe('keepSnapshots', () => {
  let blobs: CountingBlobStore;
  let snapshots: ViewSnapshots;
  let stopping: AbortController;
  let source: { -readonly [Key in keyof SnapshotSource]: SnapshotSource[Key] };
  let keeping: Promise<void>;

  beforeEach(() => {
    blobs = new CountingBlobStore();
    snapshots = new ViewSnapshots(blobs, silentLogger);
    stopping = new AbortController();
    source = { ...sourceAt(5) };
    keeping = Promise.resolve();
  });
  afterEach(async () => {
    stopping.abort();
    await keeping;
  });

  const keep = (intervalMs: number): void => {
    const options = { intervalMs, logger: silentLogger };
    keeping = keepSnapshots(source, snapshots, options, stopping.signal);
  };
  const moveTo = (position: number): void => void Object.assign(source, sourceAt(position));
  const stop = async (): Promise<void> => {
    stopping.abort();
    await keeping;
  };

  it('saves what has changed', async () => {
    keep(1);
    moveTo(6);
    await until('the first snapshot', () => blobs.savedCount === 1);
    expect((await snapshots.load(1)).view.position).toBe(6);
    moveTo(7);
    await until('the second snapshot', () => blobs.savedCount === 2);
    expect((await snapshots.load(1)).view.position).toBe(7);
  });

  it('saves nothing when nothing has changed', async () => {
    keep(1);
    moveTo(6);
    await until('a snapshot', () => blobs.savedCount === 1);
    await stop();
    expect(blobs.triedCount).toBe(1);
  });

  it('saves nothing at the end of a time in which nothing happened', async () => {
    keep(ONE_HOUR_MS);
    await stop();
    expect(blobs.triedCount).toBe(0);
  });

  it('saves a last time when it is told to end', async () => {
    keep(ONE_HOUR_MS);
    moveTo(9);
    await stop();
    expect((await snapshots.load(1)).view.position).toBe(9);
  });

  it('saves what changed while it was saving, also when that was the end', async () => {
    const saved = Promise.withResolvers<void>();
    blobs.gate = saved.promise;
    keep(1);
    moveTo(6);
    await until('saving to begin', () => blobs.triedCount === 1);
    moveTo(7);
    stopping.abort();
    saved.resolve();
    await keeping;
    expect((await snapshots.load(1)).view.position).toBe(7);
  });

  it('tries again when it could not save', async () => {
    blobs.isAway = true;
    keep(1);
    moveTo(6);
    await until('two tries', () => blobs.triedCount >= 2);
    blobs.isAway = false;
    await until('a snapshot', () => blobs.savedCount === 1);
    expect((await snapshots.load(1)).view.position).toBe(6);
  });

  it('ends without failing when the last save fails', async () => {
    blobs.isAway = true;
    keep(ONE_HOUR_MS);
    moveTo(6);
    await stop();
    expect(blobs.savedCount).toBe(0);
  });
});
