import { createHash } from 'node:crypto';
import { setImmediate as aTurn } from 'node:timers/promises';
import { z } from 'zod';
import { PlatformView, type PlatformViewSnapshot } from '#libs/domain/status/platform-view.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { type FoldedState, nothingFolded, type ParkedEvent } from './view-fold.ts';

/**
 * Counts up with every change of the fold or of the snapshot's shape, so that a new version of the
 * code starts from the log and not from what an old version made of it.
 */
const VERSION = 5;

/** Others get a turn whenever so much was written: a snapshot may be tens of megabytes. */
const SLICE_CHARS = 256 * 1024;
const LINE_FEED = 10;

/** Where the newest snapshot of a generation is kept in the blob store. */
export const snapshotKey = (generation: number): string =>
  `snapshots/platform-view.v${VERSION}.g${generation}`;

/** First line of a snapshot. What follows it is the state. */
const headerSchema = z.object({
  version: z.literal(VERSION),
  position: z.int().nonnegative(),
  /** Of all bytes after the first line: equal for equal states, however they came about. */
  sha256: z.string(),
});
export type SnapshotHeader = z.infer<typeof headerSchema>;

/** Second line. The rows of ended jobs follow it, as they are in memory. */
interface StateLine {
  readonly view: Omit<PlatformViewSnapshot, 'ended'> & {
    readonly ended: Omit<PlatformViewSnapshot['ended'], 'rows'>;
  };
  readonly parked: readonly ParkedEvent[];
}

/** Saves and loads the state of followers. A snapshot only saves time: the log can always replace it. */
export class ViewSnapshots {
  constructor(
    private readonly blobs: BlobStore,
    private readonly logger: Logger,
  ) {}

  /** The state as it is at the call. */
  async save(generation: number, state: FoldedState): Promise<SnapshotHeader> {
    const { header, bytes } = await encode(state);
    await this.blobs.put(snapshotKey(generation), bytes);
    return header;
  }

  /** A snapshot that is unreadable, or not what its hash says, counts as none. */
  async load(generation: number): Promise<FoldedState> {
    const key = snapshotKey(generation);
    const bytes = await this.blobs.get(key);
    if (bytes !== null) {
      try {
        return decode(bytes);
      } catch (error) {
        this.logger.error({ err: error, key }, 'snapshot unreadable, reading the whole log');
      }
    }
    return nothingFolded();
  }

  async delete(generation: number): Promise<void> {
    await this.blobs.delete(snapshotKey(generation));
  }
}

/** SHA-256 of a state, as its snapshot has it. */
export const stateSha256 = async (state: FoldedState): Promise<string> =>
  (await encode(state)).header.sha256;

async function encode(
  state: FoldedState,
): Promise<{ readonly header: SnapshotHeader; readonly bytes: Uint8Array }> {
  const { jobs, ended, ...view } = state.view.snapshot();
  const { rows, apiNames } = ended;
  const parked = [...state.parked];
  const withoutJobs = JSON.stringify({ ...view, ended: { apiNames } });
  const parts: Uint8Array[] = [Buffer.from(`{"view":${withoutJobs.slice(0, -1)},"jobs":[`)];
  for await (const slice of slicesOf(jobs)) parts.push(slice);
  parts.push(Buffer.from(`]},"parked":${JSON.stringify(parked)}}\n`), rows);
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
    await aTurn();
  }
  const header = { version: VERSION, position: view.position, sha256: hash.digest('hex') } as const;
  return { header, bytes: Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]) };
}

/** Members of a JSON array. */
async function* slicesOf(members: readonly object[]): AsyncGenerator<Buffer> {
  let text = '';
  for (const [place, member] of members.entries()) {
    text += `${place === 0 ? '' : ','}${JSON.stringify(member)}`;
    if (text.length < SLICE_CHARS) continue;
    yield Buffer.from(text);
    text = '';
    await aTurn();
  }
  yield Buffer.from(text);
}

function decode(bytes: Uint8Array): FoldedState {
  const [headerText, body] = cutLine(bytes);
  const { position, sha256 } = headerSchema.parse(JSON.parse(headerText));
  if (createHash('sha256').update(body).digest('hex') !== sha256) {
    throw new Error(`the snapshot of position ${position} is not what its hash says`);
  }
  const [stateText, rows] = cutLine(body);
  const { view, parked }: StateLine = JSON.parse(stateText);
  const ended = { ...view.ended, rows: rows.slice() };
  return { view: PlatformView.restore({ ...view, ended }), parked: [...parked] };
}

function cutLine(bytes: Uint8Array): readonly [string, Uint8Array] {
  const end = bytes.indexOf(LINE_FEED);
  if (end < 0) throw new Error('the snapshot ends in the middle of a line');
  return [new TextDecoder().decode(bytes.subarray(0, end)), bytes.subarray(end + 1)];
}
