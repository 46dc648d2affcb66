import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../logger.ts';

export type { NatsConnection };

const RECONNECT_WAIT_MS = 250;

/**
 * Connects to NATS and stays connected: waits for a server that is not up yet and reconnects for
 * as long as the process lives. Subscriptions live on; what is published while the connection is
 * lost is lost too, so whoever must be heard waits for an answer and says it again.
 *
 * @param url one address, or several separated by commas; `nats://user:password@host` in the first
 *   is who connects, to whichever
 */
export async function connectNats(
  url: string,
  { name, logger }: { readonly name: string; readonly logger: Logger },
): Promise<NatsConnection> {
  const connection = await connect({
    ...serversOf(url),
    name,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    // Two errors with stacks for each request, in case it fails: an eighth of what a status question costs.
    noAsyncTraces: true,
    ignoreAuthErrorAbort: true,
  });
  logStatus(connection, logger).catch((error: unknown) => {
    logger.error({ err: error }, 'nats status cannot be followed');
  });
  return connection;
}

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') logger.warn({ server: status.server }, 'nats disconnected');
    if (status.type === 'reconnect') logger.info({ server: status.server }, 'nats reconnected');
    if (status.type === 'error') logger.error({ err: status.error }, 'nats error');
  }
}

/** The client takes addresses without a user, and the user by itself. */
export function serversOf(url: string): Pick<ConnectionOptions, 'servers' | 'user' | 'pass'> {
  const addresses = url.split(',').map((address) => address.trim());
  const servers = addresses.map((address) => address.replace(/^([a-z]+:\/\/)?[^@/]*@/, '$1'));
  const { username = '', password = '' } = URL.parse(addresses[0] ?? '') ?? {};
  if (username === '') return { servers };
  return { servers, user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}
