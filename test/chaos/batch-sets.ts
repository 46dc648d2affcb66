import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';

/**
 * What a job's events say of its batches up to its end, counted in the plainest way there is: a
 * second opinion on the platform's own fold, with which it shares no code.
 */
export interface BatchSets {
  readonly enqueued: number;
  readonly succeeded: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
  readonly deadLettered: ReadonlySet<number>;
  readonly failedAttemptCount: number;
}

export function batchSetsOf(events: readonly LoggedEvent[]): BatchSets {
  const counted = untilEnd(events.map(({ event }) => event));
  const succeeded = new Set<number>();
  const failedBefore = new Set<number>();
  const deadBefore = new Set<number>();
  const failedAttempts = new Set<string>();
  let enqueued = 0;
  for (const event of counted) {
    if (event.type === 'BatchEnqueued')
      enqueued = Math.max(enqueued, event.data.firstIndex + event.data.batchCount);
    if (event.type === 'BatchSucceeded') succeeded.add(event.data.index);
    if (event.type === 'BatchDeadLettered') deadBefore.add(event.data.index);
    if (event.type !== 'BatchFailed') continue;
    failedAttempts.add(`${event.data.index}/${event.data.attempt}`);
    if (event.data.next === 'fail') failedBefore.add(event.data.index);
  }
  const deadLettered = without(deadBefore, succeeded);
  const failed = without(without(failedBefore, succeeded), deadLettered);
  const seen = [...succeeded, ...failed, ...deadLettered];
  enqueued = seen.reduce((count, index) => Math.max(count, index + 1), enqueued);
  return { enqueued, succeeded, failed, deadLettered, failedAttemptCount: failedAttempts.size };
}

function untilEnd(events: readonly PlatformEvent[]): readonly PlatformEvent[] {
  const end = events.findIndex(({ type }) => type === 'JobCompleted');
  return end === -1 ? events : events.slice(0, end);
}

export const without = (
  indexes: ReadonlySet<number>,
  others: ReadonlySet<number>,
): ReadonlySet<number> => new Set([...indexes].filter((index) => !others.has(index)));
