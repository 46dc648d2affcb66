import type { EventStoreConfig } from '#libs/event-store/event-store-config.ts';
import { openEventStore, type OpenedEventStore } from '#libs/event-store/event-store.wiring.ts';
import type { ArchiveStore } from '#libs/object-store/archive-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import { ArchivedEventStore } from './archived-event-store.ts';

export interface ArchivedLogConfig {
  readonly eventStore: EventStoreConfig;
  readonly archives: ArchiveStore;
  /** Of a platform that only reads. */
  readonly isReadOnly?: boolean;
}

/**
 * The log that the configuration names, for services that are asked about jobs that have left it.
 *
 * @throws EventStoreUnavailable when it cannot be reached
 */
export async function openArchivedLog(
  connection: NatsConnection,
  { eventStore, archives, isReadOnly = false }: ArchivedLogConfig,
  logger: Logger,
): Promise<OpenedEventStore> {
  const log = await openEventStore(connection, eventStore, logger);
  // From KurrentDB no job leaves, and its positions always have gaps.
  if (eventStore.kind === 'kurrentdb') return log;
  return new ArchivedEventStore(log, { archives, logger, isReadOnly });
}
