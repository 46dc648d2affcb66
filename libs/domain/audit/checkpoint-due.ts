/** What stands in the log behind the newest checkpoint's events. */
export interface Uncovered {
  readonly eventCount: number;
  /** Since when there has been an event that is no checkpoint; `null`: there is none. */
  readonly newsSinceMs: number | null;
}

export interface CheckpointRule {
  readonly eventCountMax: number;
  readonly intervalMs: number;
}

/**
 * How long the next checkpoint may wait, 0 when it is due; `null`: none is owed. A log in which nothing
 * but a checkpoint happened gets no further one, or an idle log would grow for ever.
 */
export function checkpointWaitMs(
  { eventCount, newsSinceMs }: Uncovered,
  { eventCountMax, intervalMs }: CheckpointRule,
  nowMs: number,
): number | null {
  if (newsSinceMs === null) return null;
  if (eventCount >= eventCountMax) return 0;
  return Math.max(0, newsSinceMs + intervalMs - nowMs);
}
