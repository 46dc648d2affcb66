import { type Unannounced, unannouncedStalls } from '#libs/domain/status/stalled-workers.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { aborted, pause } from '#libs/platform/pause.ts';

/** Shortest time between two looks, also after one that failed: each goes through all jobs. */
const LOOK_MS_MIN = 1000;

/** What is known of all jobs, and waiting for what was recorded meanwhile. */
export interface FollowedJobs {
  readonly view: PlatformView;
  caughtUp(): Promise<void>;
}

export interface AnnounceStalledDeps {
  readonly store: Pick<EventStore, 'record'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stalledAfterMs: number;
}

/**
 * Records `WorkerStalled` for every worker that waits for too long, until `signal` aborts.
 *
 * Any number of projectors do so at once: the fact has one id whoever records it. It is decided on
 * the newest view, so one that was down announces what is still true and was not announced.
 */
export async function announceStalled(
  followed: FollowedJobs,
  deps: AnnounceStalledDeps,
  signal: AbortSignal,
): Promise<void> {
  let hasLooked = false;
  while (!signal.aborted) {
    let lookMs = Math.min(deps.stalledAfterMs, LOOK_MS_MIN);
    try {
      // Jobs that the view has not come to yet would be looked at a whole limit later.
      if (!hasLooked) await caughtUp(followed, signal);
      hasLooked = true;
      await announceOnce(followed, deps, signal);
      lookMs = nextLookMs(followed.view, deps);
    } catch (error) {
      if (!signal.aborted) deps.logger.warn({ err: error }, 'stalls not announced, will retry');
    }
    await pause(lookMs, signal);
  }
}

async function announceOnce(
  followed: FollowedJobs,
  deps: AnnounceStalledDeps,
  signal: AbortSignal,
): Promise<void> {
  if (unannounced(followed.view, deps).stalled.length === 0) return;
  await caughtUp(followed, signal); // They may have started meanwhile.
  if (signal.aborted) return;
  const { stalled } = unannounced(followed.view, deps);
  const at = deps.clock().toISOString();
  for (const [job, announcements] of Map.groupBy(stalled, (one) => one.job)) {
    const { apiName, jobId } = job.submitted;
    const facts = announcements.map(({ event }) => ({ id: eventId(event), at, event }));
    await deps.store.record({ kind: 'worker', apiName, jobId }, facts);
    deps.logger.info({ apiName, jobId, workers: facts.length }, 'workers are stalled');
  }
}

/** A worker that begins to wait later than now is not stalled before a whole limit is over. */
function nextLookMs(view: PlatformView, deps: AnnounceStalledDeps): number {
  const { quietUntilMs } = unannounced(view, deps);
  if (quietUntilMs === null) return deps.stalledAfterMs;
  const quietMs = quietUntilMs + 1 - deps.clock().getTime();
  return Math.min(deps.stalledAfterMs, Math.max(LOOK_MS_MIN, quietMs));
}

const unannounced = (
  view: PlatformView,
  { clock, stalledAfterMs }: AnnounceStalledDeps,
): Unannounced =>
  unannouncedStalls(view.jobs.values(), { nowMs: clock().getTime(), stalledAfterMs });

/** The view goes no further once `signal` has aborted, and nobody catches up any more. */
function caughtUp(followed: FollowedJobs, signal: AbortSignal): Promise<void> {
  return Promise.race([followed.caughtUp(), aborted(signal)]);
}
