import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import type { ArchiveEvent, JobArchive, JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { AuditEvent } from '#libs/domain/audit/audit.events.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type { IdempotencyKeyClaimed } from '#libs/domain/idempotency/idempotency.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import type { WebhookEvent } from '#libs/domain/webhook/webhook.events.ts';
import type { WorkerEvent } from '#libs/domain/worker/worker.events.ts';
import type { StoredEvent } from './stored-event.ts';

/** The job that lanes are about. */
export interface JobAddress {
  readonly apiName: ApiName;
  readonly jobId: JobId;
}

/** A lane that is decided on: one writer at a time wins. `E` is what it may hold. */
export type DecisionLane<E extends PlatformEvent = PlatformEvent> =
  | (E extends JobEvent
      ? { readonly kind: 'job'; readonly apiName: ApiName; readonly jobId: JobId }
      : never)
  | (E extends ApiEvent ? { readonly kind: 'api'; readonly apiName: ApiName } : never)
  | (E extends IdempotencyKeyClaimed
      ? { readonly kind: 'idempotency-key'; readonly apiName: ApiName; readonly keySha256: string }
      : never)
  | (E extends ArchiveEvent
      ? { readonly kind: 'archive'; readonly apiName: ApiName; readonly jobId: JobId }
      : never)
  | (E extends AuditEvent ? { readonly kind: 'audit' } : never);

/** A lane that is only added to: facts about a job's batches, workers or webhook, in no order that matters. */
export type FactLane<E extends PlatformEvent = PlatformEvent> =
  | (E extends BatchEvent
      ? { readonly kind: 'batch'; readonly apiName: ApiName; readonly jobId: JobId }
      : never)
  | (E extends WorkerEvent
      ? { readonly kind: 'worker'; readonly apiName: ApiName; readonly jobId: JobId }
      : never)
  | (E extends WebhookEvent
      ? { readonly kind: 'webhook'; readonly apiName: ApiName; readonly jobId: JobId }
      : never);

/** Version of an empty lane. Versions are opaque: compare for equality only. */
export const EMPTY_LANE = 0;

/** A fact to record. `id` is the same for every attempt to record it. */
export interface Fact<E extends PlatformEvent = PlatformEvent> {
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  readonly event: E;
}

/** What stands at a position of the log that this version of the code cannot read. */
export interface UnreadableEvent {
  readonly position: Position;
  readonly problem: string;
  /** Where it stands, in the store's own words, for whoever goes to look. */
  readonly subject: string;
}

export type LogEntry =
  | { readonly kind: 'event'; readonly logged: LoggedEvent }
  | { readonly kind: 'unreadable'; readonly unreadable: UnreadableEvent };

export const positionOf = (entry: LogEntry): Position =>
  entry.kind === 'event' ? entry.logged.position : entry.unreadable.position;

/** Another writer appended first. Reload, decide again, retry; nothing was written. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  constructor(
    readonly lane: string,
    readonly expected: number,
    options?: ErrorOptions,
  ) {
    super(`lane ${lane} is no longer at version ${expected}`, options);
  }
}

/** The store cannot be reached or refuses to store. Whether it wrote is not known; retry is safe. */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable';
}

/** Of archived events that cannot be had, or not as they were. */
export interface ArchiveProblem {
  readonly archive: JobArchive;
  /** Of the event that is not as it was; `null`: it is about the whole archive. */
  readonly position: Position | null;
  readonly eventId: string | null;
  /** Names the job and the object. */
  readonly message: string;
}

/** Archived events are needed and cannot be had. */
export class ArchiveUnreadable extends EventStoreUnavailable {
  constructor(
    readonly problem: ArchiveProblem,
    options?: ErrorOptions,
  ) {
    super(problem.message, options);
  }
}

/** The log cannot be filled with these events. The message says why. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused';
}

/** This store cannot let go of events. The message says what can. */
export class PurgeRefused extends Error {
  override readonly name = 'PurgeRefused';
}

/** A place in the log: what stood there, and when it was stored. */
export interface Moment {
  readonly position: Position;
  /** By the clock of the store, which stamps in the order of the log. RFC 3339, UTC, milliseconds. */
  readonly storedAt: string;
}

/** The newest event of a lane, and the version to append behind it. */
export interface NewestOf<E extends PlatformEvent> {
  readonly logged: LoggedEvent<E> | null;
  readonly version: number;
}

/** One lifecycle event handed to one member of a group; handed out again unless it is settled. */
export interface LifecycleDelivery {
  readonly logged: LoggedEvent<JobEvent>;
  readonly apiName: ApiName;
  /** Says "still at it": call at least every third of the lease. */
  renew(): void;
  /** The group is done with this event. */
  done(): Promise<void>;
  /** Offers the event to the group again after `delayMs`. */
  retry(delayMs: number): void;
}

/** The log of everything that happened, and the only truth there is. */
export interface EventStore {
  /**
   * The events of a lane, oldest first; an unknown lane is empty, not an error. Unreadable ones are
   * left out, and count in the version: whoever follows the log reports them.
   *
   * @throws EventStoreUnavailable also when a later version of the platform wrote into the lane:
   *   to decide without what it says could contradict it
   */
  read<E extends PlatformEvent>(
    lane: DecisionLane<E>,
  ): Promise<{ readonly events: readonly LoggedEvent<E>[]; readonly version: number }>;

  /**
   * The newest event of a lane that can be read, without reading those before it.
   *
   * @throws EventStoreUnavailable as `read` does
   */
  newest<E extends PlatformEvent>(lane: DecisionLane<E>): Promise<NewestOf<E>>;

  /**
   * Appends one event to a lane.
   *
   * A repeated append of a fact that is in the lane already is a conflict too: reload and see.
   *
   * @returns where it stands in the log
   * @throws VersionConflict when the lane is not at `expectedVersion`
   * @throws EventStoreUnavailable when the outcome is not known
   */
  append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position>;

  /**
   * Records facts, in any order, and resolves when all of them are stored. A fact recorded again
   * with the same id is stored once or, long after, twice: readers count by content.
   *
   * @throws EventStoreUnavailable when not all are known to be stored; recording again is safe
   */
  record<E extends PlatformEvent>(lane: FactLane<E>, facts: readonly Fact<E>[]): Promise<void>;

  /**
   * Follows the whole log in order, starting behind `after` and waiting for more at its end.
   * Entries come in groups, as many as are at hand. Survives restarts of the store. Ends when `signal` aborts.
   *
   * @param only leaves out everything that is not about this job
   */
  follow(
    after: Position,
    signal: AbortSignal,
    only?: JobAddress,
  ): AsyncIterable<readonly LogEntry[]>;

  /**
   * As `follow` does, with each event as it is stored, whether it can be read or not.
   *
   * @param onProblem gets what is wrong with archives, whose events are then given as they are, or left out
   * @throws ArchiveUnreadable without `onProblem`
   */
  followStored(
    after: Position,
    signal: AbortSignal,
    onProblem?: (problem: ArchiveProblem) => void,
  ): AsyncIterable<readonly StoredEvent[]>;

  /**
   * Fills an empty log: each event at its position, with its bytes and the time at which it was stored.
   * Nobody else may write meanwhile. What was written before a failure stays.
   *
   * @throws RestoreRefused when the log is not empty, or this store cannot do so
   * @throws EventStoreUnavailable when not all are known to be stored
   */
  restore(events: AsyncIterable<StoredEvent>): Promise<void>;

  /** Position of the newest event. Whatever was appended before the call is at or before it. */
  lastPosition(): Promise<Position>;

  /**
   * The newest event at or before a position, or stored at or before a time; `null` when there is
   * none. Later appends do not change the answer for a time that has passed.
   */
  momentAt(place: Position | Date): Promise<Moment | null>;

  /**
   * Everything recorded about one job, in log order.
   *
   * @param after starts behind this position, without reading what is before it
   */
  history(apiName: ApiName, jobId: JobId, after?: Position): AsyncIterable<LogEntry>;

  /**
   * As `history` does, with each event as it is stored, whether it can be read or not.
   *
   * @throws PurgeRefused where nothing can be archived
   */
  storedHistory(job: JobAddress): AsyncIterable<StoredEvent>;

  /** Which jobs were archived, in log order, behind a position and up to the end of the log. */
  archives(after: Position): AsyncIterable<LoggedEvent<JobArchived>>;

  /**
   * Removes what was recorded about a job up to a position; what came later stays, and so do all
   * positions. Doing so again is safe.
   *
   * @throws PurgeRefused when this store cannot do so
   * @throws EventStoreUnavailable when it is not known whether all is gone
   */
  purge(job: JobAddress, upTo: Position): Promise<void>;

  /**
   * Shares the lifecycle events of all jobs among the members of `group`, each to one member, from
   * the start of the log. An event that is neither settled nor renewed within `leaseMs` is offered again.
   * Unreadable events are skipped: whoever follows the log reports them. Ends when `signal` aborts.
   */
  shareLifecycle(
    group: string,
    options: { readonly leaseMs: number; readonly signal: AbortSignal },
  ): AsyncIterable<LifecycleDelivery>;
}

export const EVENT_STORE = Symbol('EventStore');
