import type { Clock } from '#libs/platform/clock.ts';

const TICK_MS = 10;
const STEP_MS_MAX = 2 * TICK_MS;

export interface SteadyClock {
  readonly clock: Clock;
  stop(): void;
}

/**
 * A clock of leases that stands still while this process does. By the time of day a lease would end
 * when the machine stops us for longer than that, before the timer that renews it has its turn.
 */
export function startSteadyClock(): SteadyClock {
  let nowMs = Date.now();
  let tickedAt = performance.now();
  const ticking = setInterval(() => {
    const at = performance.now();
    nowMs += Math.min(at - tickedAt, STEP_MS_MAX);
    tickedAt = at;
  }, TICK_MS);
  return { clock: () => new Date(nowMs), stop: () => clearInterval(ticking) };
}
