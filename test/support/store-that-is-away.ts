import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import {
  EventStoreUnavailable,
  type Fact,
  type FactLane,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';

/** An event store that can be reached or not, as a test says. */
export class StoreThatIsAway extends InMemoryEventStore {
  isAway = false;
  refusalCount = 0;

  override async record<E extends PlatformEvent>(
    lane: FactLane<E>,
    facts: readonly Fact<E>[],
  ): Promise<void> {
    if (!this.isAway) return super.record(lane, facts);
    this.refusalCount += 1;
    throw new EventStoreUnavailable('away');
  }
}
