import type { JobArchive } from '#libs/domain/archive/archive.events.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import {
  type ArchiveProblem,
  ArchiveUnreadable,
  type EventStore,
  EventStoreUnavailable,
  type LogEntry,
  positionOf,
} from '#libs/event-store/event-store.port.ts';
import { readStored } from '#libs/event-store/read-stored.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { ArchiveStore } from '#libs/object-store/archive-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import type { ArchivedSpans, ArchiveSpan } from './archived-spans.ts';
import { ArchiveMerge } from './archive-merge.ts';
import { notAsItWas, type OnArchiveProblem, readArchive } from './read-archive.ts';

const RETRY_MS = 2000;

export interface ArchivedLog {
  readonly log: EventStore;
  readonly index: ArchivedSpans;
  readonly archives: ArchiveStore;
  readonly logger: Logger;
}

/**
 * Follows the log with what was archived in its place. An archive that cannot be reached is waited for;
 * one that is missing or damaged is an unreadable entry, and what follows goes on.
 */
export async function* followArchived(
  archived: ArchivedLog,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly LogEntry[]> {
  const problems: ArchiveProblem[] = [];
  const merge = new ArchiveMerge(archived.index, (span) =>
    patientReader(archived, span, { signal, onProblem: (problem) => problems.push(problem) }),
  );
  const groups = archived.log.follow(after, signal);
  const fill = async function* (range: Gap): AsyncGenerator<readonly LogEntry[]> {
    await untilKnown(archived, signal);
    for await (const events of merge.between(range.after, range.before)) {
      yield events.map(readStored);
    }
    if (problems.length > 0) yield problems.splice(0).map(unreadableOf);
  };
  yield* closing(merge, filled(groups, { after, positionOf, fill }));
}

/** Who follows outlives an outage of the server also where it has to ask for what was archived. */
async function untilKnown({ index, logger }: ArchivedLog, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await index.spans();
      return;
    } catch (error) {
      logger.warn({ err: error }, 'not known what is archived, will retry');
      await pause(RETRY_MS, signal);
    }
  }
}

/** The same of events as they are stored. */
export async function* followStoredArchived(
  archived: ArchivedLog,
  after: Position,
  options: { readonly signal: AbortSignal; readonly onProblem: OnArchiveProblem | undefined },
): AsyncGenerator<readonly StoredEvent[]> {
  const { signal, onProblem } = options;
  const merge = new ArchiveMerge(archived.index, (span) =>
    onceReader(archived, span, onProblem ?? notAsItWas),
  );
  const groups = archived.log.followStored(after, signal);
  const fill = ({ after: from, before }: Gap): AsyncIterable<readonly StoredEvent[]> =>
    merge.between(from, before);
  yield* closing(merge, filled(groups, { after, positionOf: (event) => event.position, fill }));
}

interface Gap {
  readonly after: Position;
  readonly before: Position;
}

interface Filling<T> {
  readonly after: Position;
  readonly positionOf: (entry: T) => Position;
  readonly fill: (gap: Gap) => AsyncIterable<readonly T[]>;
}

/** Puts into gaps what `fill` has for them. A log that nothing has left has none, and costs nothing. */
async function* filled<T>(
  groups: AsyncIterable<readonly T[]>,
  { after, positionOf: placeOf, fill }: Filling<T>,
): AsyncGenerator<readonly T[]> {
  let position = after;
  for await (const group of groups) {
    const last = group.at(-1);
    if (last === undefined) continue;
    if (placeOf(last) - position === group.length) {
      position = placeOf(last);
      yield group;
      continue;
    }
    let from = 0;
    for (const [place, entry] of group.entries()) {
      const at = placeOf(entry);
      if (at > position + 1) {
        if (place > from) yield group.slice(from, place);
        from = place;
        yield* fill({ after: position, before: at });
      }
      position = at;
    }
    yield group.slice(from);
  }
}

async function* closing<T>(merge: ArchiveMerge, all: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* all;
  } finally {
    await merge.close();
  }
}

async function* onceReader(
  { index, archives }: ArchivedLog,
  span: ArchiveSpan,
  onProblem: OnArchiveProblem,
): AsyncGenerator<StoredEvent> {
  const archive = await index.archiveOf(span);
  if (archive === null) return;
  try {
    yield* readArchive(archives, archive, onProblem);
  } catch (error) {
    if (!(error instanceof ArchiveUnreadable)) throw error;
    onProblem(error.problem);
  }
}

async function* patientReader(
  { index, archives, logger }: ArchivedLog,
  span: ArchiveSpan,
  { signal, onProblem }: { readonly signal: AbortSignal; readonly onProblem: OnArchiveProblem },
): AsyncGenerator<StoredEvent> {
  let archive: JobArchive | null = null;
  let behind: Position = 0;
  while (!signal.aborted) {
    try {
      archive ??= await index.archiveOf(span);
      if (archive === null) return;
      for await (const event of readArchive(archives, archive, onProblem)) {
        if (event.position <= behind) continue;
        yield event;
        behind = event.position;
      }
      return;
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error; // `ArchiveUnreadable` is one.
      logger.warn({ err: error }, 'archive cannot be read, will retry');
      await pause(RETRY_MS, signal);
    }
  }
}

const unreadableOf = ({ archive, position, message }: ArchiveProblem): LogEntry => ({
  kind: 'unreadable',
  unreadable: {
    position: position ?? archive.firstPosition,
    problem: message,
    subject: archive.url,
  },
});
