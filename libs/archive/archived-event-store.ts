import type { JobArchive, JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import { belongsTo } from '#libs/event-store/codec/lane-events.ts';
import {
  type ArchiveProblem,
  ArchiveUnreadable,
  type DecisionLane,
  type EventStore,
  type Fact,
  type FactLane,
  type JobAddress,
  type LifecycleDelivery,
  type LogEntry,
  type Moment,
  type NewestOf,
} from '#libs/event-store/event-store.port.ts';
import { readStored } from '#libs/event-store/read-stored.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { ArchiveStore } from '#libs/object-store/archive-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { ArchivedSpans } from './archived-spans.ts';
import { followArchived, followStoredArchived } from './follow-archived.ts';
import { momentWithArchives } from './moment-archived.ts';
import { readArchive } from './read-archive.ts';

/** Well below how long jobs stay in the log once they are archived. */
const INDEX_AGE_MS_MAX = 5000;

export interface ArchivedEventStoreDeps {
  readonly archives: ArchiveStore;
  readonly logger: Logger;
  /** Whether no job leaves this log any more: then what is in the log is read from there. */
  readonly isReadOnly?: boolean;
  readonly indexAgeMsMax?: number;
}

/** The log as if no job had left it: what was archived is read from where it is, at its positions. */
export class ArchivedEventStore implements EventStore {
  private readonly index: ArchivedSpans;

  constructor(
    private readonly log: EventStore & { close?(): Promise<void> },
    private readonly deps: ArchivedEventStoreDeps,
  ) {
    this.index = new ArchivedSpans(log, deps.indexAgeMsMax ?? INDEX_AGE_MS_MAX);
  }

  async read<E extends PlatformEvent>(
    lane: DecisionLane<E>,
  ): Promise<{ readonly events: readonly LoggedEvent<E>[]; readonly version: number }> {
    const read = await this.log.read<E>(lane);
    if (lane.kind !== 'job' || read.events[0]?.event.type === 'JobSubmitted') return read;
    const archived = await this.archivedLane<E>(lane, lane);
    const last = archived.at(-1)?.position ?? 0;
    return { ...read, events: [...archived, ...read.events.filter((one) => one.position > last)] };
  }

  async newest<E extends PlatformEvent>(lane: DecisionLane<E>): Promise<NewestOf<E>> {
    const newest = await this.log.newest<E>(lane);
    if (lane.kind !== 'job' || newest.logged !== null) return newest;
    const archived = await this.archivedLane<E>(lane, lane);
    return { ...newest, logged: archived.at(-1) ?? null };
  }

  append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position> {
    return this.log.append<E>(lane, fact, expectedVersion);
  }

  record<E extends PlatformEvent>(lane: FactLane<E>, facts: readonly Fact<E>[]): Promise<void> {
    return this.log.record<E>(lane, facts);
  }

  async *follow(
    after: Position,
    signal: AbortSignal,
    only?: JobAddress,
  ): AsyncGenerator<readonly LogEntry[]> {
    if (only === undefined) {
      yield* followArchived({ ...this.deps, log: this.log, index: this.index }, after, signal);
      return;
    }
    let behind = after;
    for await (const entry of this.archivedHistory(only, after)) {
      if (signal.aborted) return;
      yield [entry];
      behind = entry.kind === 'event' ? entry.logged.position : entry.unreadable.position;
    }
    yield* this.log.follow(behind, signal, only);
  }

  async *followStored(
    after: Position,
    signal: AbortSignal,
    onProblem?: (problem: ArchiveProblem) => void,
  ): AsyncGenerator<readonly StoredEvent[]> {
    const deps = { ...this.deps, log: this.log, index: this.index };
    yield* followStoredArchived(deps, after, { signal, onProblem });
  }

  momentAt(place: Position | Date): Promise<Moment | null> {
    return momentWithArchives({ ...this.deps, log: this.log, index: this.index }, place);
  }

  async *history(apiName: ApiName, jobId: JobId, after = 0): AsyncGenerator<LogEntry> {
    let behind = after;
    for await (const entry of this.archivedHistory({ apiName, jobId }, after)) {
      yield entry;
      behind = entry.kind === 'event' ? entry.logged.position : entry.unreadable.position;
    }
    yield* this.log.history(apiName, jobId, behind);
  }

  restore(events: AsyncIterable<StoredEvent>): Promise<void> {
    return this.log.restore(events);
  }

  lastPosition(): Promise<Position> {
    return this.log.lastPosition();
  }

  storedHistory(job: JobAddress): AsyncIterable<StoredEvent> {
    return this.log.storedHistory(job);
  }

  archives(after: Position): AsyncIterable<LoggedEvent<JobArchived>> {
    return this.log.archives(after);
  }

  purge(job: JobAddress, upTo: Position): Promise<void> {
    return this.log.purge(job, upTo);
  }

  shareLifecycle(
    group: string,
    options: { readonly leaseMs: number; readonly signal: AbortSignal },
  ): AsyncIterable<LifecycleDelivery> {
    return this.log.shareLifecycle(group, options);
  }

  async close(): Promise<void> {
    await this.log.close?.();
  }

  /** What is in a job's archive behind a position, unless all of it is still in the log. */
  private async *archivedHistory(job: JobAddress, after: Position): AsyncGenerator<LogEntry> {
    const archive = await this.archiveOf(job);
    if (archive === null || archive.lastPosition <= after) return;
    // As an imported one is, which has all events again.
    if (this.deps.isReadOnly === true && (await this.isInLog(archive))) return;
    const events = readArchive(this.deps.archives, archive);
    try {
      for await (const event of events) {
        if (event.position > after) yield readStored(event);
      }
    } catch (error) {
      if (!(error instanceof ArchiveUnreadable) || !(await this.isInLog(archive))) throw error;
      const { message } = error.problem;
      this.deps.logger.warn({ ...job, problem: message }, 'archive not read, the log has the job');
    }
  }

  private async archivedLane<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    job: JobAddress,
  ): Promise<LoggedEvent<E>[]> {
    const events: LoggedEvent<E>[] = [];
    for await (const entry of this.archivedHistory(job, 0)) {
      if (entry.kind === 'event' && belongsTo(lane, entry.logged)) events.push(entry.logged);
    }
    return events;
  }

  private async archiveOf({ apiName, jobId }: JobAddress): Promise<JobArchive | null> {
    const { logged } = await this.log.newest<JobArchived>({ kind: 'archive', apiName, jobId });
    return logged?.event.data ?? null;
  }

  /** A job leaves the log from its first event on. */
  private async isInLog({ firstPosition }: JobArchive): Promise<boolean> {
    return (await this.log.momentAt(firstPosition))?.position === firstPosition;
  }
}
