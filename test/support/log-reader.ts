import { connect, type NatsConnection } from '@nats-io/transport-node';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';

/** Everything the log holds of a job, in order. */
export async function historyOf(
  natsUrl: string,
  job: { readonly api: string; readonly jobId: string },
): Promise<readonly LoggedEvent[]> {
  const nats = await connect({ servers: natsUrl });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const history: LoggedEvent[] = [];
  for await (const entry of store.history(apiName(job.api), jobId(job.jobId))) {
    if (entry.kind === 'event') history.push(entry.logged);
  }
  await store.close();
  await nats.close();
  return history;
}

/** Events of one type that the log holds of a job, in order. */
export async function eventsOf(
  natsUrl: string,
  job: { readonly api: string; readonly jobId: string },
  type: PlatformEvent['type'],
): Promise<readonly LoggedEvent[]> {
  const history = await historyOf(natsUrl, job);
  return history.filter(({ event }) => event.type === type);
}

/** Resolves when an event of that type is published, as any integration would see it on plain NATS. */
export async function nextEvent(nats: NatsConnection, type: PlatformEvent['type']): Promise<void> {
  const subscription = nats.subscribe('cortex.events.>');
  for await (const message of subscription) {
    if (message.headers?.get('ce-type').includes(`.${type}.`) === true) return;
  }
}
