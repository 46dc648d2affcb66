import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats, type NatsConnection } from '#libs/platform/nats/nats-connection.ts';

/** Follows the log from outside through every death of the server, as an integrator would. */
export class LogWatch {
  readonly view = new PlatformView();
  unreadableCount = 0;
  private readonly stopping = new AbortController();
  private readonly following: Promise<void>;

  private constructor(
    private readonly nats: NatsConnection,
    private readonly store: JetStreamEventStore,
  ) {
    this.following = this.follow();
  }

  static async start(natsUrl: string): Promise<LogWatch> {
    const nats = await connectNats(natsUrl, { name: 'chaos', logger: silentLogger });
    return new LogWatch(nats, await JetStreamEventStore.open(nats, { logger: silentLogger }));
  }

  get endedCount(): number {
    return [...this.view.jobs.values()].filter(({ end }) => end !== null).length;
  }

  job(jobId: string): JobView | null {
    return [...this.view.jobs.values()].find((job) => job.submitted.jobId === jobId) ?? null;
  }

  /** Everything that is in the log now, read anew from its start, by job. */
  async readAgain(): Promise<ReadonlyMap<string, readonly LoggedEvent[]>> {
    const last = await this.store.lastPosition();
    const byJob = new Map<string, LoggedEvent[]>();
    const done = new AbortController();
    for await (const entries of this.store.follow(0, done.signal)) {
      for (const entry of entries) {
        if (entry.kind === 'unreadable') continue;
        const jobId = jobIdOf(entry.logged.event);
        if (jobId === null) continue;
        const events = byJob.get(jobId) ?? [];
        events.push(entry.logged);
        byJob.set(jobId, events);
      }
      const newest = entries.at(-1);
      const position =
        newest?.kind === 'event' ? newest.logged.position : newest?.unreadable.position;
      if ((position ?? 0) >= last) done.abort();
    }
    return byJob;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
    await this.store.close();
    await this.nats.close();
  }

  private async follow(): Promise<void> {
    for await (const entries of this.store.follow(0, this.stopping.signal)) {
      for (const entry of entries) {
        if (entry.kind === 'event') this.view.apply(entry.logged);
        else this.unreadableCount += 1;
      }
    }
  }
}

const jobIdOf = ({ data }: PlatformEvent): string | null =>
  'jobId' in data && typeof data.jobId === 'string' ? data.jobId : null;
