import { digestOf } from '#libs/audit/event-digest.ts';
import { IntervalHash } from '#libs/audit/interval-hash.ts';
import type { LogCheckpointed } from '#libs/domain/audit/audit.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { EVENT_REGISTRY } from '#libs/event-store/codec/event-registry.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { DecisionLane, EventStore, FactLane } from '#libs/event-store/event-store.port.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { TimedEvent } from './history.builders.ts';

type WrittenStore = Pick<
  EventStore,
  'append' | 'record' | 'newest' | 'followStored' | 'lastPosition'
>;

/** Everything in a log as it is stored. */
export async function storedEvents(
  store: Pick<EventStore, 'followStored' | 'lastPosition'>,
  after = 0,
): Promise<StoredEvent[]> {
  const last = await store.lastPosition();
  const events: StoredEvent[] = [];
  if (last <= after) return events;
  const enough = new AbortController();
  for await (const group of store.followStored(after, enough.signal)) {
    events.push(...group);
    if ((events.at(-1)?.position ?? 0) >= last) break;
  }
  enough.abort();
  return events;
}

/** Appends a checkpoint of everything that none covers yet. */
export async function seal(store: WrittenStore): Promise<void> {
  const lane = { kind: 'audit' } as const;
  const { logged, version } = await store.newest<LogCheckpointed>(lane);
  const { position = 0, sha256 = null } = logged?.event.data ?? {};
  const hash = new IntervalHash(sha256);
  for (const event of await storedEvents(store, position)) {
    hash.add(event.position, digestOf(event));
  }
  const event: LogCheckpointed = { type: 'LogCheckpointed', data: hash.seal() };
  const fact = { id: eventId(event), at: '2026-11-23T23:00:00.000Z', event };
  await store.append<LogCheckpointed>(lane, fact, version);
}

/** Writes any events of a job, in this order, with a checkpoint after every `sealEvery` of them. */
export async function writeHistory(
  store: WrittenStore,
  { apiName, jobId }: { readonly apiName: ApiName; readonly jobId: JobId },
  history: readonly TimedEvent[],
  sealEvery = Infinity,
): Promise<void> {
  for (const [place, { event, at }] of history.entries()) {
    const kind = EVENT_REGISTRY[event.type].lane;
    // An id that is known already would not be recorded again.
    const fact = { id: `${eventId(event)}.${await store.lastPosition()}`, at, event };
    if (kind === 'job' || kind === 'api') {
      const lane = { kind, apiName, jobId } as DecisionLane;
      const { version } = await store.newest(lane);
      await store.append(lane, fact, version);
    } else {
      await store.record<PlatformEvent>({ kind, apiName, jobId } as FactLane, [fact]);
    }
    if ((place + 1) % sealEvery === 0) await seal(store);
  }
}
