import type { Probe } from '#libs/domain/api/api-spec.ts';
import { pause } from '#libs/platform/pause.ts';
import { problemOf, type ProbePlace } from './probe.ts';

/**
 * Asks a liveness probe every period, from its initial delay on.
 *
 * @param signal ends the watch
 * @returns what was wrong when the probe has failed as often in a row as it may; `null` after `signal`
 */
export async function untilNotAlive(
  probe: Probe,
  place: ProbePlace,
  signal: AbortSignal,
): Promise<string | null> {
  await pause(probe.initial_delay_seconds * 1000, signal);
  let failureCount = 0;
  while (!signal.aborted) {
    const problem = await problemOf(probe, place);
    failureCount = problem === null ? 0 : failureCount + 1;
    if (failureCount >= probe.failure_threshold && !signal.aborted) {
      return `its liveness probe failed ${failureCount} times in a row: ${problem}`;
    }
    await pause(probe.period_seconds * 1000, signal);
  }
  return null;
}
