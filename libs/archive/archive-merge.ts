import type { Position } from '#libs/domain/platform-event.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { ArchiveCursor } from './archive-cursor.ts';
import type { ArchivedSpans, ArchiveSpan } from './archived-spans.ts';

const GROUP_COUNT_MAX = 500;
/** Archives that are open at a time: jobs that ran at once were archived with overlapping positions. */
const OPEN_MAX = 32;

/** The events of archives that fill gaps of the log, for one reader that goes through it in order. */
export class ArchiveMerge {
  private version = -1;
  /** By ascending first position; those that were not begun yet. */
  private waiting: ArchiveSpan[] = [];
  private readonly begun = new Map<Position, ArchiveCursor>();

  constructor(
    private readonly index: ArchivedSpans,
    private readonly open: (span: ArchiveSpan) => AsyncIterator<StoredEvent>,
  ) {}

  /** Events behind `after` and before `before`, which are later than those of the call before. */
  async *between(after: Position, before: Position): AsyncGenerator<readonly StoredEvent[]> {
    await this.look(after);
    this.begin(before);
    for (const [saidAt, cursor] of this.begun) {
      cursor.passOver(after);
      if (cursor.nextPosition === Infinity) await this.end(saidAt, cursor);
    }
    let group: StoredEvent[] = [];
    for (;;) {
      const [first, rival] = this.nextTwo(before);
      if (first === null) break;
      await rival?.peek(); // Where it is was a guess until now.
      const [still, second] = this.nextTwo(before);
      if (still !== first) continue;
      const limit = Math.min(before, second?.nextPosition ?? Infinity);
      for (let event = await first.peek(); event !== null; event = await first.peek()) {
        if (event.position >= limit) break;
        group.push(event);
        first.passOver(event.position);
        if (group.length < GROUP_COUNT_MAX) continue;
        yield group;
        group = [];
      }
      if (first.nextPosition === Infinity) await this.end(first.span.saidAt, first);
      else await this.parkSome();
    }
    if (group.length > 0) yield group;
  }

  async close(): Promise<void> {
    for (const cursor of this.begun.values()) await cursor.park();
  }

  private async look(after: Position): Promise<void> {
    const spans = await this.index.spans();
    if (this.version === this.index.version) return;
    this.version = this.index.version;
    this.waiting = spans
      .filter(({ lastPosition, saidAt }) => lastPosition > after && !this.begun.has(saidAt))
      .sort((a, b) => b.firstPosition - a.firstPosition);
  }

  private begin(before: Position): void {
    for (let span = this.waiting.at(-1); span !== undefined; span = this.waiting.at(-1)) {
      if (span.firstPosition >= before) return;
      this.waiting.pop();
      this.begun.set(span.saidAt, new ArchiveCursor(span, this.open));
    }
  }

  private async end(saidAt: Position, cursor: ArchiveCursor): Promise<void> {
    await cursor.park();
    this.begun.delete(saidAt);
  }

  /** The cursor with the next event before `before`, and the one with the next but one. */
  private nextTwo(before: Position): readonly [ArchiveCursor | null, ArchiveCursor | null] {
    let first: ArchiveCursor | null = null;
    let second: ArchiveCursor | null = null;
    for (const cursor of this.begun.values()) {
      if (cursor.nextPosition >= before) continue;
      if (first === null || cursor.nextPosition < first.nextPosition) {
        [first, second] = [cursor, first];
      } else if (second === null || cursor.nextPosition < second.nextPosition) second = cursor;
    }
    return [first, second];
  }

  /** Keeps those open whose events come next. */
  private async parkSome(): Promise<void> {
    const open = [...this.begun.values()].filter(({ isOpen }) => isOpen);
    if (open.length <= OPEN_MAX) return;
    const [latest] = open.sort((a, b) => b.nextPosition - a.nextPosition);
    await latest?.park();
  }
}
