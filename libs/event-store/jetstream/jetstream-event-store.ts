import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { PipelinedPublisher } from '#libs/platform/nats/pipelined-publisher.ts';
import { belongsTo, isArchived } from '../codec/lane-events.ts';
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
} from '../event-store.port.ts';
import { ARCHIVE_SUBJECTS, jobSubjects, subjectOf } from '../lane.ts';
import type { StoredEvent } from '../stored-event.ts';
import { appendMessage } from './append-message.ts';
import { messageWriter, type ReadEntry, readEntry, storedEventOf } from './event-envelope.ts';
import { declareEventStream, EVENT_STREAM } from './event-stream.ts';
import { findMoment } from './find-moment.ts';
import type { FedMessage } from './message-feed.ts';
import { getMessage, readLane } from './read-lane.ts';
import { followMessages, readMessages, type StreamAccess } from './read-messages.ts';
import { restoreMessages } from './restore-messages.ts';
import { recordMessages } from './record-messages.ts';
import { type ShareOptions, shareLifecycle } from './share-lifecycle.ts';

/** How long one question to the server may take. */
const TIMEOUT_MS = 5000;
/** Some milliseconds of copying and, for whoever seals the log, of hashing. */
const STORED_GROUP_MAX = 256;

/**
 * One JetStream stream holds the log: a lane is a subject, an event is a message, a CloudEvent.
 *
 * A lane's version is the stream sequence of its last message, and so is a position. The server
 * compares versions when it appends, so racing writers need no lock.
 */
export class JetStreamEventStore implements EventStore {
  private readonly publisher: PipelinedPublisher;
  private readonly access: StreamAccess;

  private constructor(connection: NatsConnection, manager: JetStreamManager, logger: Logger) {
    this.publisher = new PipelinedPublisher(connection, TIMEOUT_MS);
    this.access = { connection, manager, logger };
  }

  /**
   * Declares the stream. The store does not close the connection.
   *
   * @throws EventStoreUnavailable when the server does not answer or has no JetStream
   */
  static async open(
    connection: NatsConnection,
    { logger }: { readonly logger: Logger },
  ): Promise<JetStreamEventStore> {
    const manager = await reached(async () => {
      const opened = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
      await declareEventStream(opened);
      return opened;
    });
    return new JetStreamEventStore(connection, manager, logger);
  }

  async read<E extends PlatformEvent>(
    lane: DecisionLane<E>,
  ): Promise<{ readonly events: readonly LoggedEvent<E>[]; readonly version: number }> {
    const subject = subjectOf(lane);
    const messages = await reached(() => readLane(this.access, subject));
    const events: LoggedEvent<E>[] = [];
    for (const entry of messages.map(readEntry)) {
      if (entry.kind === 'unreadable') this.skip(entry);
      else if (belongsTo(lane, entry.logged)) events.push(entry.logged);
    }
    return { events, version: messages.at(-1)?.sequence ?? EMPTY_LANE };
  }

  async newest<E extends PlatformEvent>(lane: DecisionLane<E>): Promise<NewestOf<E>> {
    const last = await reached(() => getMessage(this.access, { last_by_subj: subjectOf(lane) }));
    const entry = last === null ? null : readEntry(last);
    if (last !== null && entry?.kind === 'event' && belongsTo(lane, entry.logged)) {
      return { logged: entry.logged, version: last.sequence };
    }
    const { events, version } = await this.read(lane);
    return { logged: events.at(-1) ?? null, version };
  }

  append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position> {
    return appendMessage(this.publisher, messageWriter(lane)(fact), expectedVersion);
  }

  record<E extends PlatformEvent>(lane: FactLane<E>, facts: readonly Fact<E>[]): Promise<void> {
    const messages = mapLazily(facts, messageWriter(lane));
    return recordMessages(this.publisher, messages, this.access.logger);
  }

  async *follow(
    after: Position,
    signal: AbortSignal,
    only?: JobAddress,
  ): AsyncGenerator<readonly LogEntry[]> {
    const place = {
      firstSequence: after + 1,
      filterSubject: only && jobSubjects(only.apiName, only.jobId),
    };
    for await (const messages of followMessages(this.access, place, signal)) {
      yield messages.map(readEntry);
    }
  }

  async *followStored(
    after: Position,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredEvent[]> {
    const place = { firstSequence: after + 1 };
    for await (const messages of followMessages(this.access, place, signal)) {
      for (let from = 0; from < messages.length; from += STORED_GROUP_MAX) {
        yield messages.slice(from, from + STORED_GROUP_MAX).map(storedEventOf);
      }
    }
  }

  restore(events: AsyncIterable<StoredEvent>): Promise<void> {
    return restoreMessages(this.access, this.publisher, events);
  }

  async lastPosition(): Promise<Position> {
    const { state } = await reached(() => this.access.manager.streams.info(EVENT_STREAM));
    return state.last_seq;
  }

  momentAt(place: Position | Date): Promise<Moment | null> {
    return reached(() => findMoment(this.access, place));
  }

  async *history(apiName: ApiName, jobId: JobId, after = 0): AsyncGenerator<LogEntry> {
    for await (const message of this.recorded(jobSubjects(apiName, jobId), after)) {
      yield readEntry(message);
    }
  }

  async *storedHistory({ apiName, jobId }: JobAddress): AsyncGenerator<StoredEvent> {
    for await (const message of this.recorded(jobSubjects(apiName, jobId), 0)) {
      yield storedEventOf(message);
    }
  }

  async *archives(after: Position): AsyncGenerator<LoggedEvent<JobArchived>> {
    for await (const message of this.recorded(ARCHIVE_SUBJECTS, after)) {
      const entry = readEntry(message);
      if (entry.kind === 'event' && isArchived(entry.logged)) yield entry.logged;
    }
  }

  async purge({ apiName, jobId }: JobAddress, upTo: Position): Promise<void> {
    const removed = { filter: jobSubjects(apiName, jobId), seq: upTo + 1 };
    await reached(() => this.access.manager.streams.purge(EVENT_STREAM, removed));
  }

  shareLifecycle(group: string, options: ShareOptions): AsyncIterable<LifecycleDelivery> {
    return shareLifecycle(this.access, group, options);
  }

  /** Facts that are still in flight are reported as not stored. */
  close(): Promise<void> {
    this.publisher.close();
    return Promise.resolve();
  }

  /** What stands on subjects now, behind a position. */
  private async *recorded(filterSubject: string, after: Position): AsyncGenerator<FedMessage> {
    const last = await reached(() => getMessage(this.access, { last_by_subj: filterSubject }));
    if (last === null || last.sequence <= after) return;
    const range = { filterSubject, firstSequence: after + 1, lastSequence: last.sequence };
    yield* readMessages(this.access, range);
  }

  /**
   * Whatever somebody put into a lane must not block it. An event of a later version is another
   * matter: to decide without what it says could contradict it.
   */
  private skip({ unreadable, isNewer }: Extract<ReadEntry, { kind: 'unreadable' }>): void {
    if (isNewer) throw new EventStoreUnavailable(`${unreadable.subject}: ${unreadable.problem}`);
    this.access.logger.warn({ ...unreadable }, 'event in a lane skipped: it cannot be read');
  }
}

/** Facts become messages as they are sent, so that many facts are not held twice. */
function* mapLazily<T, U>(values: readonly T[], map: (value: T) => U): Generator<U> {
  for (const value of values) yield map(value);
}

async function reached<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof EventStoreUnavailable) throw cause;
    throw new EventStoreUnavailable('the event stream does not answer', { cause });
  }
}
