import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import { invariant } from '#libs/domain/kernel/errors.ts';
import type { LoggedEvent, PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import { JSON_CONTENT_TYPE } from '#libs/messaging/cloudevents/cloud-event.ts';
import { decodeEvent, encodeEvent, type EncodedEvent } from '../codec/event-codec.ts';
import { belongsTo, isArchived, isLifecycle } from '../codec/lane-events.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  type EventStore,
  type Fact,
  type FactLane,
  type JobAddress,
  type LifecycleDelivery,
  type LogEntry,
  type Moment,
  type NewestOf,
  RestoreRefused,
  VersionConflict,
} from '../event-store.port.ts';
import {
  addressOf,
  apiNameOf,
  jobSubjects,
  laneKindOf,
  type Lane,
  type LaneAddress,
  subjectOf,
} from '../lane.ts';
import type { StoredEvent } from '../stored-event.ts';
import { ChangeSignal } from './change-signal.ts';
import { InMemoryLifecycleGroup } from './in-memory-lifecycle-group.ts';

/** How long ids are known: as long as the real log knows them. */
const DUPLICATE_WINDOW_MS = 60_000;

interface Stored extends EncodedEvent {
  readonly position: Position;
  readonly subject: string;
  readonly address: LaneAddress;
  readonly id: string;
  readonly at: string;
  readonly storedAtMs: number;
  /** It was removed, and keeps its place only. */
  readonly isPurged: boolean;
}

/**
 * A log that lives as long as its process.
 *
 * Events are kept encoded, so nobody shares an object with the log, and whatever does not survive
 * the wire does not survive here either.
 */
export class InMemoryEventStore implements EventStore {
  private readonly log: Stored[] = [];
  /** When each id was stored, by `performance.now()`. */
  private readonly ids = new Map<string, number>();
  private readonly groups = new Map<string, InMemoryLifecycleGroup>();
  private readonly appended = new ChangeSignal();

  async read<E extends PlatformEvent>(
    lane: DecisionLane<E>,
  ): Promise<{ readonly events: readonly LoggedEvent<E>[]; readonly version: number }> {
    await aTurn();
    const stored = this.log.filter((each) => each.subject === subjectOf(lane) && isKept(each));
    const events = stored
      .map(readBack)
      .filter((logged): logged is LoggedEvent<E> => belongsTo(lane, logged));
    return { events, version: stored.at(-1)?.position ?? EMPTY_LANE };
  }

  async newest<E extends PlatformEvent>(lane: DecisionLane<E>): Promise<NewestOf<E>> {
    const { events, version } = await this.read(lane);
    return { logged: events.at(-1) ?? null, version };
  }

  async append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position> {
    await aTurn();
    const subject = subjectOf(lane);
    const last = this.log.findLast((stored) => stored.subject === subject && isKept(stored));
    const version = last?.position ?? EMPTY_LANE;
    if (version !== expectedVersion || this.isKnown(fact.id)) {
      throw new VersionConflict(subject, expectedVersion);
    }
    return this.store(lane, fact);
  }

  async record<E extends PlatformEvent>(
    lane: FactLane<E>,
    facts: readonly Fact<E>[],
  ): Promise<void> {
    await aTurn();
    for (const fact of facts) {
      if (!this.isKnown(fact.id)) this.store(lane, fact);
    }
  }

  async *follow(
    after: Position,
    signal: AbortSignal,
    only?: JobAddress,
  ): AsyncGenerator<readonly LogEntry[]> {
    for (let position = after; !signal.aborted;) {
      const fresh = this.log.slice(position);
      position += fresh.length;
      const entries = fresh
        .filter(isKept)
        .filter((stored) => only === undefined || isAbout(stored, only));
      if (entries.length > 0) yield entries.map(entryOf);
      else if (fresh.length === 0) await this.appended.wait(signal);
    }
  }

  async *followStored(
    after: Position,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredEvent[]> {
    for (let position = after; !signal.aborted;) {
      const fresh = this.log.slice(position);
      position += fresh.length;
      const kept = fresh.filter(isKept);
      if (kept.length > 0) yield kept.map(storedEventOf);
      else if (fresh.length === 0) await this.appended.wait(signal);
    }
  }

  async restore(events: AsyncIterable<StoredEvent>): Promise<void> {
    if (this.log.length > 0) {
      throw new RestoreRefused('the log is not empty; import into an empty one');
    }
    for await (const event of events) {
      if (event.position !== this.log.length + 1) {
        throw new RestoreRefused(`nothing may be missing before position ${event.position}`);
      }
      this.log.push(restored(event));
    }
    this.appended.changed();
  }

  async lastPosition(): Promise<Position> {
    await aTurn();
    return this.log.length;
  }

  async momentAt(place: Position | Date): Promise<Moment | null> {
    await aTurn();
    const newest = this.log
      .filter(isKept)
      .findLast(({ position, storedAtMs }) =>
        typeof place === 'number' ? position <= place : storedAtMs <= place.getTime(),
      );
    if (newest === undefined) return null;
    return { position: newest.position, storedAt: new Date(newest.storedAtMs).toISOString() };
  }

  async *history(apiName: ApiName, jobId: JobId, after = 0): AsyncGenerator<LogEntry> {
    await aTurn();
    yield* this.log
      .slice(after)
      .filter((stored) => isKept(stored) && isAbout(stored, { apiName, jobId }))
      .map(entryOf);
  }

  async *storedHistory(job: JobAddress): AsyncGenerator<StoredEvent> {
    await aTurn();
    yield* this.log.filter((stored) => isKept(stored) && isAbout(stored, job)).map(storedEventOf);
  }

  async *archives(after: Position): AsyncGenerator<LoggedEvent<JobArchived>> {
    await aTurn();
    for (const stored of this.log.slice(after).filter(isKept)) {
      if (laneKindOf(stored.subject) !== 'archive') continue;
      const logged = readBack(stored);
      if (isArchived(logged)) yield logged;
    }
  }

  async purge(job: JobAddress, upTo: Position): Promise<void> {
    await aTurn();
    for (const [index, stored] of this.log.entries()) {
      if (stored.position > upTo) return;
      if (isAbout(stored, job)) this.log[index] = { ...stored, isPurged: true };
    }
  }

  async *shareLifecycle(
    group: string,
    { leaseMs, signal }: { readonly leaseMs: number; readonly signal: AbortSignal },
  ): AsyncGenerator<LifecycleDelivery> {
    const leases = this.groups.get(group) ?? new InMemoryLifecycleGroup();
    this.groups.set(group, leases);
    while (!signal.aborted) {
      const delivery = this.deliver(leases, leaseMs);
      if (delivery !== null) {
        yield delivery;
        continue;
      }
      await leases.offers.wait(signal);
    }
  }

  private deliver(leases: InMemoryLifecycleGroup, leaseMs: number): LifecycleDelivery | null {
    const lifecycle = this.log.filter((each) => isKept(each) && each.subject.endsWith('.job'));
    const lease = leases.take(
      lifecycle.map(({ position }) => position),
      leaseMs,
    );
    const stored = lease === null ? undefined : this.log[lease.position - 1];
    if (lease === null || stored === undefined) return null;
    const logged = readBack(stored);
    invariant(isLifecycle(logged), `${stored.subject} holds lifecycle events only`);
    return {
      logged,
      apiName: apiNameOf(stored.subject),
      renew: () => lease.renew(),
      done: async () => lease.done(),
      retry: (delayMs) => lease.retry(delayMs),
    };
  }

  private isKnown(id: string): boolean {
    const storedAt = this.ids.get(id);
    return storedAt !== undefined && performance.now() - storedAt < DUPLICATE_WINDOW_MS;
  }

  private store(lane: Lane, { id, at, event }: Fact): Position {
    const position = this.log.length + 1;
    const storedAtMs = Date.now();
    this.log.push({
      position,
      subject: subjectOf(lane),
      address: addressOf(lane),
      id,
      at,
      storedAtMs,
      isPurged: false,
      ...encodeEvent(event),
    });
    this.ids.set(id, performance.now());
    this.appended.changed();
    for (const { offers } of this.groups.values()) offers.changed();
    return position;
  }
}

const isKept = ({ isPurged }: Stored): boolean => !isPurged;

const isAbout = ({ subject }: Stored, { apiName, jobId }: JobAddress): boolean =>
  subject.startsWith(jobSubjects(apiName, jobId).slice(0, -1));

const entryOf = (stored: Stored): LogEntry => ({ kind: 'event', logged: readBack(stored) });

const storedEventOf = (stored: Stored): StoredEvent => ({
  position: stored.position,
  storedAt: new Date(stored.storedAtMs).toISOString(),
  subject: stored.subject,
  cloudEvent: {
    id: stored.id,
    ...stored.address,
    type: stored.ceType,
    time: stored.at,
    datacontenttype: JSON_CONTENT_TYPE,
    data: stored.payload,
  },
});

const restored = ({ position, storedAt, subject, cloudEvent }: StoredEvent): Stored => ({
  position,
  subject,
  address: { source: cloudEvent.source, subject: cloudEvent.subject ?? '' },
  id: cloudEvent.id,
  at: cloudEvent.time ?? storedAt,
  storedAtMs: Date.parse(storedAt),
  isPurged: false,
  ceType: cloudEvent.type,
  payload: cloudEvent.data,
});

function readBack({ position, id, at, ...encoded }: Stored): LoggedEvent {
  const decoded = decodeEvent(encoded);
  invariant(decoded.ok, 'what was encoded can be decoded');
  return { position, id, at, event: decoded.event };
}

/** Nothing that crosses a network happens at once; callers that rely on it fail here too. */
const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
