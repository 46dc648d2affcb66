import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import type { EventStoreConfig } from './event-store-config.ts';
import type { EventStore } from './event-store.port.ts';
import { JetStreamEventStore } from './jetstream/jetstream-event-store.ts';

/** A store that whoever opened it also closes. */
export type OpenedEventStore = EventStore & { close(): Promise<void> };

/**
 * The log that the configuration names. KurrentDB's client is large and has a native part, so it is
 * loaded only where it is used.
 *
 * @throws EventStoreUnavailable when it cannot be reached
 */
export function openEventStore(
  connection: NatsConnection,
  config: EventStoreConfig,
  logger: Logger,
): Promise<OpenedEventStore> {
  switch (config.kind) {
    case 'jetstream':
      return JetStreamEventStore.open(connection, { logger });
    case 'kurrentdb':
      return openKurrentDb(config.kurrentDbUrl, logger);
    default:
      return unreachable(config.kind);
  }
}

async function openKurrentDb(url: string, logger: Logger): Promise<OpenedEventStore> {
  const { KurrentDbEventStore } = await import('./kurrentdb/kurrentdb-event-store.ts');
  return KurrentDbEventStore.open(url, { logger });
}
