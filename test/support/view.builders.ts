import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';

const FIRST_MS = Date.UTC(2026, 10, 23, 10);

/** What a log of these events, one a second, says. */
export function viewOf(...events: readonly PlatformEvent[]): PlatformView {
  const view = new PlatformView();
  for (const [place, event] of events.entries()) {
    const at = new Date(FIRST_MS + place * 1000).toISOString();
    view.apply({ position: place + 1, id: String(place), at, event });
  }
  return view;
}

/** Nobody is stalled but who was announced. */
export const NEVER_STALLED: StalledRule = { nowMs: FIRST_MS, stalledAfterMs: Infinity };

/** The default, by the real clock. */
export const tenMinutesRule = (): StalledRule => ({ nowMs: Date.now(), stalledAfterMs: 600_000 });
