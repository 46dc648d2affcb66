import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { ApiName } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EventStoreUnavailable, VersionConflict } from '#libs/event-store/event-store.port.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats, type NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import { until } from './until.ts';

/** Writes events to the log of a server as services do, also while the server restarts. */
export class LogWriter {
  private constructor(
    private readonly nats: NatsConnection,
    private readonly store: JetStreamEventStore,
  ) {}

  static async open(url: string): Promise<LogWriter> {
    const nats = await connectNats(url, { name: 'log-writer', logger: silentLogger });
    return new LogWriter(nats, await JetStreamEventStore.open(nats, { logger: silentLogger }));
  }

  async decide(apiName: ApiName, event: JobEvent): Promise<void> {
    const lane = { kind: 'job', apiName, jobId: event.data.jobId } as const;
    await this.untilStored(event.type, async () => {
      const { events, version } = await this.store.read<JobEvent>(lane);
      if (events.some(({ id }) => id === eventId(event))) return;
      await this.store.append(lane, factOf(event), version);
    });
  }

  async record(apiName: ApiName, event: BatchEvent): Promise<void> {
    const lane = { kind: 'batch', apiName, jobId: event.data.jobId } as const;
    await this.untilStored(event.type, () => this.store.record(lane, [factOf(event)]));
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.nats.close();
  }

  private async untilStored(what: string, write: () => Promise<void>): Promise<void> {
    await until(`${what} to be stored`, async () => {
      try {
        await write();
        return true;
      } catch (error) {
        if (error instanceof EventStoreUnavailable || error instanceof VersionConflict)
          return false;
        throw error;
      }
    });
  }
}

const factOf = <E extends BatchEvent | JobEvent>(event: E) => ({
  id: eventId(event),
  at: new Date().toISOString(),
  event,
});
