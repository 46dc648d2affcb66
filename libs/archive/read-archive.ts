import { createHash } from 'node:crypto';
import { digestOf } from '#libs/audit/event-digest.ts';
import { MalformedExportLine, readLine } from '#libs/audit/export-line.ts';
import type { JobArchive } from '#libs/domain/archive/archive.events.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { type ArchiveProblem, ArchiveUnreadable } from '#libs/event-store/event-store.port.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import {
  ArchiveMissing,
  type ArchiveStore,
  ArchiveStoreUnavailable,
} from '#libs/object-store/archive-store.port.ts';
import { unpackedLines } from './archive-content.ts';

/** What is to be done about a problem: to throw it, or to note it and go on with what is there. */
export type OnArchiveProblem = (problem: ArchiveProblem) => void;

/** For whoever needs all events as they were. */
export const notAsItWas: OnArchiveProblem = (problem) => {
  throw new ArchiveUnreadable(problem);
};

/**
 * The events of an archive in log order, each checked against its digest, and all against the hash that
 * the log has.
 *
 * @throws ArchiveUnreadable when the store cannot be reached
 */
export async function* readArchive(
  archives: ArchiveStore,
  archive: JobArchive,
  onProblem: OnArchiveProblem = notAsItWas,
): AsyncGenerator<StoredEvent> {
  const hash = createHash('sha256');
  const lines = unpackedLines(archives.read(archive.url), (bytes) => hash.update(bytes));
  const place = new EventPlace(archive);
  try {
    for await (const line of lines) {
      const event = place.eventIn(line);
      const message = place.take(event);
      if (message !== null) onProblem(place.problem(event?.stored ?? null, message));
      if (event !== null && !place.isOutOfPlace) yield event.stored;
    }
  } catch (error) {
    const problem = problemOfRead(error, place);
    if (problem === null) throw error;
    if (error instanceof ArchiveStoreUnavailable) {
      throw new ArchiveUnreadable(problem, { cause: error });
    }
    onProblem(problem);
    return;
  }
  if (!place.hasProblem && hash.digest('hex') !== archive.sha256) {
    onProblem(place.problem(null, 'holds other events than those that were archived'));
  }
}

function problemOfRead(error: unknown, place: EventPlace): ArchiveProblem | null {
  if (error instanceof ArchiveStoreUnavailable) {
    return place.problem(null, error.message.replace(`${place.archive.url} `, ''));
  }
  if (error instanceof ArchiveMissing) return place.problem(null, 'is missing');
  if (error instanceof MalformedExportLine) return place.problem(null, error.message);
  return isOfUnpacking(error) ? place.problem(null, `cannot be unpacked: ${error.message}`) : null;
}

const isOfUnpacking = (error: unknown): error is { readonly message: string } =>
  typeof error === 'object' &&
  error !== null &&
  'message' in error &&
  'code' in error &&
  String(error.code).startsWith('Z_');

interface ReadEvent {
  readonly stored: StoredEvent;
  readonly digest: string;
}

/** Where in an archive a reader is. */
class EventPlace {
  hasProblem = false;
  isOutOfPlace = false;
  private lineCount = 0;
  private position: Position = 0;

  constructor(readonly archive: JobArchive) {}

  eventIn(line: Uint8Array): ReadEvent | null {
    this.lineCount += 1;
    try {
      const read = readLine(line);
      return read.kind === 'event' ? { stored: read.event, digest: read.digest } : null;
    } catch (error) {
      if (!(error instanceof MalformedExportLine) && !(error instanceof SyntaxError)) throw error;
      return null;
    }
  }

  /** @returns what is wrong with the event here */
  take(event: ReadEvent | null): string | null {
    if (event === null) return `line ${this.lineCount} is no event`;
    const { stored, digest } = event;
    const { firstPosition, lastPosition } = this.archive;
    const { position } = stored;
    this.isOutOfPlace =
      position <= this.position || position < firstPosition || position > lastPosition;
    if (this.isOutOfPlace) return `line ${this.lineCount} is out of its place`;
    this.position = position;
    if (digestOf(stored).toString('hex') === digest) return null;
    return `line ${this.lineCount}: the event is not what it was when it was archived`;
  }

  problem(event: StoredEvent | null, what: string): ArchiveProblem {
    this.hasProblem = true;
    const { jobId, url } = this.archive;
    return {
      archive: this.archive,
      position: event?.position ?? null,
      eventId: event?.cloudEvent.id ?? null,
      message: `job ${jobId}: archive ${url} ${what}`,
    };
  }
}
