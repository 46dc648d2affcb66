import { type Msg, nanos } from '@nats-io/transport-node';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';
import { parseAckSubject } from '#libs/platform/nats/ack-subject.ts';
import { pause } from '#libs/platform/pause.ts';
import { isLifecycle } from '../codec/lane-events.ts';
import { EventStoreUnavailable, type LifecycleDelivery } from '../event-store.port.ts';
import { apiNameOf } from '../lane.ts';
import { readEntry } from './event-envelope.ts';
import { GroupMember } from './group-member.ts';
import { declareGroup } from './lifecycle-group.ts';
import type { StreamAccess } from './read-messages.ts';
import { deliveredMessage } from './stored-message.ts';

const ACK = '+ACK';
const NAK = '-NAK';
const WORKING = '+WPI';
const DECLARE_RETRY_MS = 250;
const ACK_TIMEOUT_MS = 2000;
const ACK_ATTEMPTS_MAX = 3;

export interface ShareOptions {
  readonly leaseMs: number;
  readonly signal: AbortSignal;
}

/** The deliveries that one member of `group` gets, until `signal` aborts. */
export async function* shareLifecycle(
  access: StreamAccess,
  group: string,
  { leaseMs, signal }: ShareOptions,
): AsyncGenerator<LifecycleDelivery> {
  expectOpen(access);
  const member = new GroupMember(access.connection, group);
  const close = (): void => member.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  try {
    let isDeclared = false;
    for (;;) {
      isDeclared ||= await tryDeclare(access, group, { leaseMs, signal });
      if (!isDeclared && !signal.aborted) continue;
      const next = await member.next();
      if (next === 'closed') return;
      if (next === 'lost') {
        isDeclared = false;
        continue;
      }
      const delivery = deliveryOf(access, next);
      if (delivery !== null) yield delivery;
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function tryDeclare(
  access: StreamAccess,
  group: string,
  { leaseMs, signal }: ShareOptions,
): Promise<boolean> {
  expectOpen(access);
  const { manager, logger } = access;
  try {
    await declareGroup(manager, group, leaseMs);
    return true;
  } catch (error) {
    logger.warn({ err: error, group }, 'lifecycle group cannot be joined, will retry');
    await pause(DECLARE_RETRY_MS, signal);
    return false;
  }
}

function expectOpen({ connection }: StreamAccess): void {
  if (connection.isClosed()) throw new EventStoreUnavailable('the connection was closed');
}

/** `null` for an event that cannot be read: it is skipped, for this group for good. */
function deliveryOf(access: StreamAccess, message: Msg): LifecycleDelivery | null {
  const { streamSequence: position } = parseAckSubject(message.reply ?? '');
  const entry = readEntry(deliveredMessage(message, position));
  if (entry.kind === 'event' && isLifecycle(entry.logged)) {
    return deliveryTo(access, message, entry.logged);
  }
  const problem = entry.kind === 'unreadable' ? entry.unreadable.problem : entry.logged.event.type;
  access.logger.warn({ position, subject: message.subject, problem }, 'lifecycle event skipped');
  message.respond(ACK);
  return null;
}

function deliveryTo(
  access: StreamAccess,
  message: Msg,
  logged: LoggedEvent<JobEvent>,
): LifecycleDelivery {
  return {
    logged,
    apiName: apiNameOf(message.subject),
    renew: () => respond(access, message, WORKING),
    done: () => acknowledge(access, message),
    retry: (delayMs) =>
      respond(access, message, `${NAK} ${JSON.stringify({ delay: nanos(delayMs) })}`),
  };
}

/** What does not reach the server is offered again when its lease has run out. */
function respond({ logger }: StreamAccess, message: Msg, answer: string): void {
  try {
    message.respond(answer);
  } catch (error) {
    logger.warn({ err: error, subject: message.subject }, 'delivery cannot be settled');
  }
}

/** Does not fail: an event whose settling got lost is offered again, and done again. */
async function acknowledge(access: StreamAccess, message: Msg): Promise<void> {
  const { connection, logger } = access;
  for (let attempt = 1; attempt <= ACK_ATTEMPTS_MAX; attempt++) {
    try {
      await connection.request(message.reply ?? '', ACK, { timeout: ACK_TIMEOUT_MS });
      return;
    } catch (error) {
      logger.warn({ err: error, subject: message.subject, attempt }, 'settling was not confirmed');
      if (connection.isClosed()) return;
    }
  }
}
