import { type Command, type Decider, fold } from '#libs/domain/kernel/decider.ts';
import type { PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import { type DecisionLane, type EventStore, VersionConflict } from './event-store.port.ts';

const ATTEMPTS_MAX = 5;

/** What a decision is recorded with. */
export interface Stamp {
  /** Id of the event decided on; the same command decided again yields the same id. */
  idOf(event: PlatformEvent): string;
  now(): Date;
}

/** `event` is `null` when the command had already taken effect. */
export interface Decided<E extends PlatformEvent> {
  readonly event: E | null;
  /** Where `event` stands in the log; 0 when there is none. */
  readonly position: Position;
}

/**
 * Load, decide, append; again from the top when another writer got in between.
 *
 * A lost acknowledgement is safe: the retry meets `VersionConflict`, reloads, and `decide` returns `[]`.
 *
 * @throws Rejection from `decide`, at once
 * @throws VersionConflict after `ATTEMPTS_MAX` lost races: the lane is too contended
 */
export async function handleCommand<S, C extends Command, E extends PlatformEvent>(
  store: EventStore,
  decider: Decider<S, C, E>,
  stamp: Stamp,
  { lane, command }: { readonly lane: DecisionLane<E>; readonly command: C },
): Promise<Decided<E>> {
  for (let attempt = 1; ; attempt++) {
    const { events: past, version } = await store.read<E>(lane);
    const state = fold(
      decider,
      past.map((logged) => logged.event),
    );
    const [event] = decider.decide(state, command);
    if (event === undefined) return { event: null, position: 0 };

    try {
      const fact = { id: stamp.idOf(event), at: stamp.now().toISOString(), event };
      return { event, position: await store.append<E>(lane, fact, version) };
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
