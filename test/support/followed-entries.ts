import type { EventStore, LogEntry } from '#libs/event-store/event-store.port.ts';

/** Follows the log from its start to the `count`th entry; `onGroup` is waited for before each next group. */
export async function followedEntries(
  { store, signal }: { readonly store: EventStore; readonly signal: AbortSignal },
  count: number,
  onGroup: (soFar: number) => Promise<void>,
): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const group of store.follow(0, signal)) {
    entries.push(...group);
    if (entries.length >= count) break;
    await onGroup(entries.length);
  }
  return entries;
}
