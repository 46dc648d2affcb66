import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import type { DecisionLane } from '../event-store.port.ts';
import { EVENT_REGISTRY } from './event-registry.ts';

/** Whether an event is one of those that `lane` may hold. */
export const belongsTo = <E extends PlatformEvent>(
  lane: DecisionLane<E>,
  logged: LoggedEvent,
): logged is LoggedEvent<E> => EVENT_REGISTRY[logged.event.type].lane === lane.kind;

export const isLifecycle = (logged: LoggedEvent): logged is LoggedEvent<JobEvent> =>
  EVENT_REGISTRY[logged.event.type].lane === 'job';

export const isArchived = (logged: LoggedEvent): logged is LoggedEvent<JobArchived> =>
  logged.event.type === 'JobArchived';
