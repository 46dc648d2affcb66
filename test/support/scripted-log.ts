import type { PlatformEvent, Position } from '#libs/domain/platform-event.ts';
import type { LogEntry } from '#libs/event-store/event-store.port.ts';
import { ChangeSignal } from '#libs/event-store/in-memory/change-signal.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';

/** A log that holds what a test puts into it, unreadable entries too, and shows it when told to. */
export class ScriptedLog extends InMemoryEventStore {
  private readonly entries: LogEntry[] = [];
  private readonly changed = new ChangeSignal();
  private shownUpTo: Position = Infinity;
  private unavailable: Error | null = null;

  constructor(entries: readonly LogEntry[] = []) {
    super();
    this.entries.push(...entries);
  }

  add(...entries: readonly LogEntry[]): void {
    this.entries.push(...entries);
    this.changed.changed();
  }

  /** Followers see entries up to `position`; all of them unless told otherwise. */
  showUpTo(position: Position): void {
    this.shownUpTo = position;
    this.changed.changed();
  }

  /** Asking for the last position fails with `error` until it is `null` again. */
  fail(error: Error | null): void {
    this.unavailable = error;
  }

  override async lastPosition(): Promise<Position> {
    const position = this.lastOf(this.entries);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.unavailable !== null) throw this.unavailable;
    return position;
  }

  override async *follow(after: Position, signal: AbortSignal): AsyncGenerator<LogEntry[]> {
    for (let position = after; !signal.aborted;) {
      const shown = this.entries.filter(
        (entry) => positionOf(entry) > position && positionOf(entry) <= this.shownUpTo,
      );
      if (shown.length === 0) {
        await this.changed.wait(signal);
        continue;
      }
      position = this.lastOf(shown);
      yield shown;
    }
  }

  private lastOf(entries: readonly LogEntry[]): Position {
    return entries.reduce((last, entry) => Math.max(last, positionOf(entry)), 0);
  }
}

export const entry = (position: Position, event: PlatformEvent): LogEntry => ({
  kind: 'event',
  logged: { position, id: String(position), at: '2026-11-23T10:00:00.000Z', event },
});

export const unreadableEntry = (position: Position): LogEntry => ({
  kind: 'unreadable',
  unreadable: { position, subject: `subject ${position}`, problem: 'not JSON' },
});

const positionOf = (of: LogEntry): Position =>
  of.kind === 'event' ? of.logged.position : of.unreadable.position;
