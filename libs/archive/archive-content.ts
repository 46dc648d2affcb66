import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { digestOf } from '#libs/audit/event-digest.ts';
import { eventLine } from '#libs/audit/export-line.ts';
import { linesOf } from '#libs/audit/lines-of.ts';
import type { JobArchive } from '#libs/domain/archive/archive.events.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';

/** What an archive says of its content. */
export type ArchiveSummary = Pick<
  JobArchive,
  'sha256' | 'eventCount' | 'firstPosition' | 'lastPosition'
>;

/**
 * Events on their way into an archive: lines of CloudEvents as exports have them, packed.
 *
 * The same events give the same lines, whoever archives them; the hash is over the lines, since
 * packers differ.
 */
export class ArchiveContent {
  private readonly hash = createHash('sha256');
  private eventCount = 0;
  private firstPosition = 0;
  private lastPosition = 0;

  constructor(private readonly events: AsyncIterable<StoredEvent>) {}

  /** Can be taken once. */
  async *packed(): AsyncGenerator<Uint8Array> {
    // The reader gets the error of whichever part fails.
    yield* pipeline(Readable.from(this.lines()), createGzip(), () => {});
  }

  /** Of what was taken. */
  summary(): ArchiveSummary {
    const { eventCount, firstPosition, lastPosition } = this;
    return { sha256: this.hash.copy().digest('hex'), eventCount, firstPosition, lastPosition };
  }

  private async *lines(): AsyncGenerator<Uint8Array> {
    for await (const event of this.events) {
      const line = eventLine(event, digestOf(event));
      if (this.eventCount === 0) this.firstPosition = event.position;
      this.lastPosition = event.position;
      this.eventCount += 1;
      this.hash.update(line);
      yield line;
    }
  }
}

/** Lines of a packed archive without their line ends; `onBytes` gets all that was unpacked. */
export const unpackedLines = (
  packed: AsyncIterable<Uint8Array>,
  onBytes: (bytes: Uint8Array) => void,
): AsyncIterable<Uint8Array> => linesOf(unpacked(packed, onBytes));

async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  onBytes: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pipeline(Readable.from(packed), createGunzip(), () => {})) {
    onBytes(piece);
    yield piece;
  }
}
