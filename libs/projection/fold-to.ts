import type { Position } from '#libs/domain/platform-event.ts';
import { type EventStore, positionOf } from '#libs/event-store/event-store.port.ts';
import type { ViewFold } from './view-fold.ts';

/**
 * Folds on until `position` and no further. Ends early when `signal` aborts.
 *
 * @param position where something stands in the log, or before something that does
 */
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
    const isBeyond = wanted.length < entries.length;
    if (isBeyond && !signal.aborted) fold.view.skip(position); // Nothing stands in between.
    if (isBeyond || fold.view.position >= position) return enough.abort();
  }
}
