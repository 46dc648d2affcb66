import { createHash } from 'node:crypto';
import { DigestList } from '#libs/audit/digest-list.ts';
import { digestOf } from '#libs/audit/event-digest.ts';
import {
  archiveFaultLine,
  endLine,
  eventLine,
  type ExportScope,
  leftOutLine,
  startLine,
} from '#libs/audit/export-line.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { decodeEvent } from '#libs/event-store/codec/event-codec.ts';
import type { ArchiveProblem, EventStore } from '#libs/event-store/event-store.port.ts';
import { subjectOf, SUBJECT_PREFIX } from '#libs/event-store/lane.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';

/** Digests in one line. */
const LEFT_OUT_MAX = 1000;
const AUDIT_SUBJECT = subjectOf({ kind: 'audit' });

export interface ExportOptions {
  /** With a job, its API too. */
  readonly scope: ExportScope;
  readonly signal: AbortSignal;
}

/**
 * The log as it is now, or the part of it that is about one API or one job, as lines of CloudEvents.
 *
 * Of a part, checkpoints are in it too, and of each interval between checkpoints that it touches the
 * digests of what is left out, so that the part can be verified without the rest. Held are only the digests
 * of one interval. An archive that cannot be read, or is not as it was, is said where its events are.
 */
export async function* exportLog(
  store: Pick<EventStore, 'lastPosition' | 'momentAt' | 'followStored'>,
  { scope, signal }: ExportOptions,
): AsyncGenerator<Buffer> {
  // The newest event that is there: what follows may have been removed from a log that was tampered with.
  const end = await store.momentAt(await store.lastPosition());
  const lastPosition = end?.position ?? 0;
  yield startLine({ format: 1, ...scope, lastPosition, lastStoredAt: end?.storedAt ?? null });
  const part = new ExportedPart(scope);
  if (lastPosition > 0) {
    const enough = new AbortController();
    try {
      const either = AbortSignal.any([signal, enough.signal]);
      const faults: Buffer[] = [];
      const onProblem = (problem: ArchiveProblem): void => void faults.push(faultLineOf(problem));
      for await (const group of store.followStored(0, either, onProblem)) {
        yield* faults.splice(0);
        const wanted = group.filter(({ position }) => position <= lastPosition);
        for (const event of wanted) yield* part.linesOf(event);
        if ((group.at(-1)?.position ?? 0) >= lastPosition) break;
      }
    } finally {
      enough.abort();
    }
  }
  if (!signal.aborted) yield part.end();
}

const faultLineOf = ({ archive, position, eventId, message }: ArchiveProblem): Buffer => {
  const { firstPosition, lastPosition } = archive;
  const positions = position === null ? `${firstPosition} to ${lastPosition}` : String(position);
  return archiveFaultLine({ positions, eventId, message });
};

class ExportedPart {
  private readonly includes: (subject: string) => boolean;
  private readonly isWhole: boolean;
  private readonly leftOut = new DigestList();
  private readonly all = createHash('sha256');
  private eventCount = 0;
  /** Of the newest event in the export that is no checkpoint. */
  private touchedAt: Position = 0;

  constructor(scope: ExportScope) {
    this.includes = subjectsOf(scope);
    this.isWhole = scope.apiName === null;
  }

  *linesOf(event: StoredEvent): Generator<Buffer> {
    const digest = digestOf(event);
    const isCheckpoint = event.subject === AUDIT_SUBJECT;
    if (!isCheckpoint && !this.includes(event.subject)) {
      this.leftOut.add(event.position, digest);
      return;
    }
    if (!this.isWhole && isCheckpoint) yield* this.leftOutLines(event);
    if (!isCheckpoint) this.touchedAt = event.position;
    this.eventCount += 1;
    this.all.update(digest);
    yield eventLine(event, digest);
  }

  end(): Buffer {
    return endLine({ eventCount: this.eventCount, sha256: this.all.digest('hex') });
  }

  /** What the checkpoint needs besides what is in the export; nothing when no event of it is. */
  private *leftOutLines({ cloudEvent }: StoredEvent): Generator<Buffer> {
    const decoded = decodeEvent({ ceType: cloudEvent.type, payload: cloudEvent.data });
    if (!decoded.ok || decoded.event.type !== 'LogCheckpointed') return;
    const { firstPosition, position } = decoded.event.data;
    const isTouched = this.touchedAt >= firstPosition;
    const covered = this.leftOut.takeUpTo(position);
    if (!isTouched) return;
    for (let from = 0; from < covered.length; from += LEFT_OUT_MAX) {
      const run = covered.slice(from, from + LEFT_OUT_MAX);
      yield leftOutLine({
        positions: run.map(([at]) => at),
        digests: Buffer.concat(run.map(([, digest]) => digest)),
      });
    }
  }
}

/** A job's export has its API's deployments too: a status document shows one. */
function subjectsOf({ apiName: api, jobId }: ExportScope): (subject: string) => boolean {
  if (api === null) return () => true;
  if (jobId === null) return (subject) => subject.startsWith(`${SUBJECT_PREFIX}${api}.`);
  const ofApi = subjectOf({ kind: 'api', apiName: apiName(api) });
  const ofJob = `${SUBJECT_PREFIX}${api}.jobs.${jobId}.`;
  return (subject) => subject === ofApi || subject.startsWith(ofJob);
}
