import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import {
  type ArchiveProblem,
  type DecisionLane,
  type EventStore,
  EventStoreUnavailable,
  type Fact,
  type FactLane,
  type JobAddress,
  type LifecycleDelivery,
  type LogEntry,
  type Moment,
  type NewestOf,
} from '#libs/event-store/event-store.port.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { Draw } from '../kernel/draw.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { Wire } from './wire.ts';

const unavailable = (message: string): Error => new EventStoreUnavailable(message);

/** Looks at what the log has taken. */
export interface StoreObserver {
  appended(event: PlatformEvent, by: SimProcess): void;
}

export interface StoreWiring {
  readonly wire: Wire;
  readonly draw: Draw;
  readonly observer: StoreObserver;
}

/** The event store as one process sees it. */
export class WiredEventStore implements EventStore {
  private readonly wire: Wire;
  private readonly draw: Draw;

  constructor(
    private readonly store: EventStore,
    private readonly caller: SimProcess,
    private readonly wiring: StoreWiring,
  ) {
    this.wire = wiring.wire;
    this.draw = wiring.draw;
  }

  read<E extends PlatformEvent>(
    lane: DecisionLane<E>,
  ): Promise<{ readonly events: readonly LoggedEvent<E>[]; readonly version: number }> {
    const run = () => this.store.read<E>(lane);
    return this.wire.call(this.caller, { what: `read ${lane.kind}`, run, unavailable });
  }

  newest<E extends PlatformEvent>(lane: DecisionLane<E>): Promise<NewestOf<E>> {
    const run = () => this.store.newest<E>(lane);
    return this.wire.call(this.caller, { what: `newest ${lane.kind}`, run, unavailable });
  }

  append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    expectedVersion: number,
  ): Promise<Position> {
    const run = async (): Promise<Position> => {
      const position = await this.store.append<E>(lane, fact, expectedVersion);
      this.wiring.observer.appended(fact.event, this.caller);
      return position;
    };
    return this.wire.call(this.caller, { what: `append ${fact.event.type}`, run, unavailable });
  }

  /** Facts may be stored in any order, and some of them only. */
  record<E extends PlatformEvent>(lane: FactLane<E>, facts: readonly Fact<E>[]): Promise<void> {
    const isShuffled = this.wire.isFaulty && this.draw.chance(0.2);
    const sent = isShuffled ? this.draw.shuffled(facts) : facts;
    const what = `record ${facts.map(({ event }) => factName(event)).join(' ')}`;
    return this.wire.call(this.caller, {
      what,
      run: () => this.store.record(lane, sent),
      runPartly: () => this.store.record(lane, sent.slice(0, this.draw.integer(0, facts.length))),
      unavailable,
    });
  }

  async *follow(
    after: Position,
    signal: AbortSignal,
    only?: JobAddress,
  ): AsyncGenerator<readonly LogEntry[]> {
    const groups = this.store.follow(after, signal, only)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.wire.call(this.caller, {
        what: 'follow',
        run: () => groups.next(),
        unavailable: null,
      });
      if (next.done === true) return;
      yield* this.inPieces(next.value);
    }
  }

  followStored(
    after: Position,
    signal: AbortSignal,
    onProblem?: (problem: ArchiveProblem) => void,
  ): AsyncIterable<readonly StoredEvent[]> {
    return this.store.followStored(after, signal, onProblem);
  }

  restore(events: AsyncIterable<StoredEvent>): Promise<void> {
    return this.store.restore(events);
  }

  lastPosition(): Promise<Position> {
    const run = () => this.store.lastPosition();
    return this.wire.call(this.caller, { what: 'last position', run, unavailable });
  }

  momentAt(place: Position | Date): Promise<Moment | null> {
    const run = () => this.store.momentAt(place);
    return this.wire.call(this.caller, { what: 'moment', run, unavailable });
  }

  async *history(apiName: ApiName, jobId: JobId, after?: Position): AsyncGenerator<LogEntry> {
    const run = async (): Promise<LogEntry[]> => {
      const entries: LogEntry[] = [];
      for await (const entry of this.store.history(apiName, jobId, after)) entries.push(entry);
      return entries;
    };
    yield* await this.wire.call(this.caller, { what: 'history', run, unavailable });
  }

  storedHistory(job: JobAddress): AsyncIterable<StoredEvent> {
    return this.store.storedHistory(job);
  }

  archives(after: Position): AsyncIterable<LoggedEvent<JobArchived>> {
    return this.store.archives(after);
  }

  purge(job: JobAddress, upTo: Position): Promise<void> {
    const run = () => this.store.purge(job, upTo);
    return this.wire.call(this.caller, { what: 'purge', run, unavailable });
  }

  async *shareLifecycle(
    group: string,
    options: { readonly leaseMs: number; readonly signal: AbortSignal },
  ): AsyncGenerator<LifecycleDelivery> {
    const { caller, wire } = this;
    const deliveries = this.store.shareLifecycle(group, options)[Symbol.asyncIterator]();
    for (;;) {
      const run = () => deliveries.next();
      const next = await wire.call(caller, { what: `share ${group}`, run, unavailable: null });
      if (next.done === true) return;
      const delivery: LifecycleDelivery = next.value;
      const done = { what: 'event done', run: () => delivery.done(), unavailable };
      yield {
        ...delivery,
        renew: () => wire.tell(caller, 'event renewed', () => delivery.renew()),
        done: () => wire.call(caller, done),
        retry: (delayMs) => wire.tell(caller, 'event again', () => delivery.retry(delayMs)),
      };
    }
  }

  /** What is at hand comes in groups of any size. */
  private *inPieces(entries: readonly LogEntry[]): Generator<readonly LogEntry[]> {
    for (let from = 0; from < entries.length;) {
      const to = Math.min(from + this.draw.integer(1, 40), entries.length);
      yield entries.slice(from, to);
      from = to;
    }
  }
}

function factName({ type, data }: PlatformEvent): string {
  if ('index' in data) return `${type}(${data.index}.${data.attempt})`;
  if ('restart' in data && 'state' in data) {
    return `${type}(${data.workerId}.${data.restart} ${data.state})`;
  }
  return 'firstIndex' in data ? `${type}(${data.firstIndex}+${data.batchCount})` : type;
}
