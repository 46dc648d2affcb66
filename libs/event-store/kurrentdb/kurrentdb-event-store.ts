import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import { belongsTo } from '../codec/lane-events.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  type EventStore,
  EventStoreUnavailable,
  type Fact,
  type FactLane,
  type JobAddress,
  type LifecycleDelivery,
  type LogEntry,
  type Moment,
  type NewestOf,
  PurgeRefused,
  RestoreRefused,
} from '../event-store.port.ts';
import type { StoredEvent } from '../stored-event.ts';
import { appendDecided, recordFacts } from './append-record.ts';
import { findMoment } from './find-moment.ts';
import { followRecords } from './follow-records.ts';
import { readJob } from './job-history.ts';
import { KurrentConnection, type KurrentOptions } from './kurrent-connection.ts';
import { lastOfLog, lastOfStream, readStream } from './read-records.ts';
import { type ShareOptions, shareLifecycle } from './share-lifecycle.ts';
import { type ReadEntry, storedEventIn } from './stored-record.ts';

/**
 * KurrentDB holds the log: a lane is a stream, an event is a record with the attributes of a
 * CloudEvent as its metadata.
 *
 * A position is the commit position in `$all`: an offset in bytes, so positions grow but not by one, and
 * a number holds those of the first 9 petabytes. A lane's version is how many records its stream has.
 */
export class KurrentDbEventStore implements EventStore {
  private constructor(private readonly connection: KurrentConnection) {}

  /**
   * @param url a connection string: `kurrentdb://…` or `kurrentdb+discover://…`
   * @throws EventStoreUnavailable when the server does not answer
   */
  static async open(url: string, options: KurrentOptions): Promise<KurrentDbEventStore> {
    const store = new KurrentDbEventStore(new KurrentConnection(url, options));
    await store.lastPosition();
    return store;
  }

  async read<E extends PlatformEvent>(
    lane: DecisionLane<E>,
  ): Promise<{ readonly events: readonly LoggedEvent<E>[]; readonly version: number }> {
    const records = await readStream(this.connection, this.connection.names.streamOf(lane));
    const events: LoggedEvent<E>[] = [];
    for (const entry of records.map((record) => this.connection.readEntry(record))) {
      if (entry.kind === 'unreadable') this.skip(entry);
      else if (belongsTo(lane, entry.logged)) events.push(entry.logged);
    }
    const last = records.at(-1);
    return { events, version: last === undefined ? EMPTY_LANE : Number(last.revision) + 1 };
  }

  async newest<E extends PlatformEvent>(lane: DecisionLane<E>): Promise<NewestOf<E>> {
    const last = await lastOfStream(this.connection, this.connection.names.streamOf(lane));
    const entry = last === null ? null : this.connection.readEntry(last);
    if (last !== null && entry?.kind === 'event' && belongsTo(lane, entry.logged)) {
      return { logged: entry.logged, version: Number(last.revision) + 1 };
    }
    const { events, version } = await this.read(lane);
    return { logged: events.at(-1) ?? null, version };
  }

  append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position> {
    return appendDecided(this.connection, { lane, fact }, expectedVersion);
  }

  record<E extends PlatformEvent>(lane: FactLane<E>, facts: readonly Fact<E>[]): Promise<void> {
    return recordFacts(this.connection, lane, facts);
  }

  async *follow(
    after: Position,
    signal: AbortSignal,
    only?: JobAddress,
  ): AsyncGenerator<readonly LogEntry[]> {
    const { names } = this.connection;
    const prefixes = only === undefined ? [names.prefix] : names.streamsOf(only);
    for await (const records of followRecords(this.connection, { after, prefixes }, signal)) {
      yield records.map((record) => this.connection.readEntry(record));
    }
  }

  async *followStored(
    after: Position,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredEvent[]> {
    const { names } = this.connection;
    const place = { after, prefixes: [names.prefix] };
    for await (const records of followRecords(this.connection, place, signal)) {
      yield records.map((record) => storedEventIn(record, names.laneOf(record.stream)));
    }
  }

  restore(): Promise<void> {
    const problem =
      'KurrentDB gives out positions itself, so a log cannot be imported into it; import it into a ' +
      'platform with EVENT_STORE=jetstream';
    return Promise.reject(new RestoreRefused(problem));
  }

  async lastPosition(): Promise<Position> {
    return (await lastOfLog(this.connection))?.position ?? 0;
  }

  momentAt(place: Position | Date): Promise<Moment | null> {
    return findMoment(this.connection, place);
  }

  async *history(apiName: ApiName, jobId: JobId, after = 0): AsyncGenerator<LogEntry> {
    for await (const record of readJob(this.connection, { apiName, jobId }, after)) {
      yield this.connection.readEntry(record);
    }
  }

  // oxlint-disable-next-line require-yield
  async *storedHistory(): AsyncGenerator<StoredEvent> {
    throw nothingLeaves();
  }

  /** Nothing is archived that cannot leave the log. */
  async *archives(): AsyncGenerator<LoggedEvent<JobArchived>> {}

  purge(): Promise<void> {
    return Promise.reject(nothingLeaves());
  }

  shareLifecycle(group: string, options: ShareOptions): AsyncIterable<LifecycleDelivery> {
    return shareLifecycle(this.connection, group, options);
  }

  /** Ends everything that goes on. */
  close(): Promise<void> {
    return this.connection.close();
  }

  /**
   * Whatever somebody put into a lane must not block it. An event of a later version is another
   * matter: to decide without what it says could contradict it.
   */
  private skip({ unreadable, isNewer }: Extract<ReadEntry, { kind: 'unreadable' }>): void {
    if (isNewer) throw new EventStoreUnavailable(`${unreadable.subject}: ${unreadable.problem}`);
    this.connection.logger.warn({ ...unreadable }, 'event in a lane skipped: it cannot be read');
  }
}

const nothingLeaves = (): PurgeRefused =>
  new PurgeRefused(
    'KurrentDB gives out positions and lets go of events itself, so jobs are not archived from it; unset ARCHIVE_URL',
  );
