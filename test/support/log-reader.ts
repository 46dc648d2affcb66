import { connect, type NatsConnection } from '@nats-io/transport-node';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';

/** Events of one type that the log holds of a job, in order. */
export async function eventsOf<Type extends PlatformEvent['type']>(
  natsUrl: string,
  job: { readonly api: string; readonly jobId: string },
  type: Type,
): Promise<readonly Extract<PlatformEvent, { type: Type }>[]> {
  const nats = await connect({ servers: natsUrl });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const found: Extract<PlatformEvent, { type: Type }>[] = [];
  for await (const entry of store.history(apiName(job.api), jobId(job.jobId))) {
    if (entry.kind !== 'event') continue;
    const { event } = entry.logged;
    if (isOfType(event, type)) found.push(event);
  }
  await store.close();
  await nats.close();
  return found;
}

const isOfType = <Type extends PlatformEvent['type']>(
  event: PlatformEvent,
  type: Type,
): event is Extract<PlatformEvent, { type: Type }> => event.type === type;

/** Resolves when an event of that type is published, as any integration would see it on plain NATS. */
export async function nextEvent(nats: NatsConnection, type: PlatformEvent['type']): Promise<void> {
  const subscription = nats.subscribe('cortex.events.>');
  for await (const message of subscription) {
    if (message.headers?.get('ce-type').includes(`.${type}.`) === true) return;
  }
}
