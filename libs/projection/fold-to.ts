import type { Position } from '#libs/domain/platform-event.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { positionOf } from './fold-job.ts';
import type { ViewFold } from './view-fold.ts';

/** Folds on until `position` and no further, which must be in the log. Ends early when `signal` aborts. */
export async function foldTo(
  store: Pick<EventStore, 'follow'>,
  fold: ViewFold,
  position: Position,
  signal: AbortSignal,
): Promise<void> {
  if (fold.view.position >= position) return;
  const enough = new AbortController();
  const ending = AbortSignal.any([signal, enough.signal]);
  for await (const entries of store.follow(fold.view.position, ending)) {
    const wanted = entries.filter((entry) => positionOf(entry) <= position);
    await fold.take(wanted, signal);
    await fold.ended.hasSpace();
    if (wanted.length < entries.length || fold.view.position >= position) return enough.abort();
  }
}
