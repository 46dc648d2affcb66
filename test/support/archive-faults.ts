import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import {
  type DecisionLane,
  EventStoreUnavailable,
  type Fact,
  type JobAddress,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { ArchiveStoreUnavailable } from '#libs/object-store/archive-store.port.ts';
import { InMemoryArchiveStore } from '#libs/object-store/in-memory/in-memory-archive-store.ts';

/** A log whose leader dies at a step. */
export class DyingStore extends InMemoryEventStore {
  diesAt: 'append' | 'append, once stored' | 'purge' | null = null;
  hasDied = false;

  override async append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    version: number,
  ): Promise<number> {
    const isArchive = lane.kind === 'archive';
    if (isArchive && this.diesAt === 'append') this.die();
    const position = await super.append(lane, fact, version);
    if (isArchive && this.diesAt === 'append, once stored') this.die();
    return position;
  }

  override async purge(job: JobAddress, upTo: number): Promise<void> {
    if (this.diesAt === 'purge') this.die();
    await super.purge(job, upTo);
  }

  private die(): never {
    this.hasDied = true;
    throw new EventStoreUnavailable('dead');
  }
}

/** Archives that are away, lose what they took, or keep their writers waiting. */
export class FailingArchives extends InMemoryArchiveStore {
  isDown = false;
  isLying = false;
  /** Writers wait for it before they read anything. */
  gate: Promise<void> | null = null;
  waitingCount = 0;

  override async write(url: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.gate !== null) {
      this.waitingCount += 1;
      await this.gate;
    }
    if (this.isDown) throw new ArchiveStoreUnavailable(`${url} cannot be written`);
    await super.write(url, content);
    if (this.isLying) this.objects.delete(url);
  }
}
