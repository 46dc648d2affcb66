import {
  PersistentSubscriptionExistsError,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@kurrent/kurrentdb-client';
import { pause } from '#libs/platform/pause.ts';
import { isLifecycle } from '../codec/lane-events.ts';
import type { LifecycleDelivery } from '../event-store.port.ts';
import { GroupMember, type HeldEvent } from './group-member.ts';
import type { KurrentConnection } from './kurrent-connection.ts';
import { storedRecord } from './stored-record.ts';

const REJOIN_MS = 250;

/**
 * A group's settings. KurrentDB knows no renewal of what a consumer holds: leases are kept by the
 * member, which gives back what is not renewed; of a member that died, the server gives everything
 * back when its connection ends, or stays silent for 20 s. Its own timeout only must not interfere.
 */
const settings = persistentSubscriptionToAllSettingsFromDefaults({
  startFrom: START,
  messageTimeout: 86_400_000,
  maxRetryCount: 2 ** 31 - 1,
  // Events settled since the last checkpoint are offered again after a restart of the server.
  checkPointAfter: 1000,
  checkPointLowerBound: 1,
});

export interface ShareOptions {
  readonly leaseMs: number;
  readonly signal: AbortSignal;
}

/** The deliveries that one member of `group` gets, until `signal` aborts. */
export async function* shareLifecycle(
  connection: KurrentConnection,
  group: string,
  { leaseMs, signal }: ShareOptions,
): AsyncGenerator<LifecycleDelivery> {
  connection.expectOpen();
  const name = connection.names.groupOf(group);
  const member = new GroupMember(name);
  const close = (): void => member.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  try {
    let isDeclared = false;
    while (!signal.aborted) {
      if (!isDeclared) await declareGroup(connection, name);
      isDeclared = true;
      const client = connection.current;
      const next = await member.next(client);
      if (next === 'closed') return;
      if (next instanceof Error) {
        connection.logger.warn({ err: next, group }, 'lifecycle group was left, will join again');
        connection.mend(client, next);
        isDeclared = false;
        await pause(REJOIN_MS, signal);
        continue;
      }
      const delivery = deliveryOf(member, next, { leaseMs, connection });
      if (delivery !== null) yield delivery;
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function declareGroup(connection: KurrentConnection, name: string): Promise<void> {
  const filter = streamNameFilter({ prefixes: [connection.names.lifecyclePrefix] });
  try {
    await connection.ask(
      (client) => client.createPersistentSubscriptionToAll(name, settings, { filter }),
      isThere,
    );
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}

const isThere = (error: unknown): boolean => error instanceof PersistentSubscriptionExistsError;

interface DeliveryContext {
  readonly leaseMs: number;
  readonly connection: KurrentConnection;
}

/** `null` for an event that cannot be read: it is parked, and for this group done with. */
function deliveryOf(
  member: GroupMember,
  held: HeldEvent,
  context: DeliveryContext,
): LifecycleDelivery | null {
  const { connection } = context;
  const record = storedRecord(held.event);
  const entry = record === null ? null : connection.readEntry(record);
  const lane = record === null ? null : connection.names.laneOf(record.stream);
  if (entry?.kind === 'event' && isLifecycle(entry.logged) && lane?.kind === 'job') {
    return { apiName: lane.apiName, ...leased(member, held, context), logged: entry.logged };
  }
  const problem = entry?.kind === 'unreadable' ? entry.unreadable.problem : 'no lifecycle event';
  const facts = { position: record?.position, subject: record?.stream, problem };
  connection.logger.warn(facts, 'lifecycle event parked');
  void settle(member, held, connection.logger, () => held.slot.park(held.event, problem));
  return null;
}

/** What a member may do with an event in hand, for as long as it holds the lease. */
function leased(
  member: GroupMember,
  held: HeldEvent,
  { leaseMs, connection: { logger } }: DeliveryContext,
): Omit<LifecycleDelivery, 'logged' | 'apiName'> {
  const giveBack = (): void => held.slot.close();
  const lease = setTimeout(giveBack, leaseMs).unref();
  return {
    renew: () => void lease.refresh(),
    done: () => {
      clearTimeout(lease);
      return settle(member, held, logger, () => held.slot.ack(held.event));
    },
    retry: (delayMs) => {
      clearTimeout(lease);
      setTimeout(giveBack, delayMs).unref();
    },
  };
}

/** Does not fail: an event whose settling got lost is offered again, and done again. */
async function settle(
  member: GroupMember,
  { slot }: HeldEvent,
  logger: KurrentConnection['logger'],
  say: () => Promise<void>,
): Promise<void> {
  try {
    if (!slot.isLost) await say();
  } catch (error) {
    logger.warn({ err: error }, 'settling was not sent; the event is offered again');
    slot.close();
  }
  member.settled(slot);
}
