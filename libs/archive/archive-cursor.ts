import type { Position } from '#libs/domain/platform-event.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { ArchiveSpan } from './archived-spans.ts';

/** Reads one archive on from wherever it is; it may be parked, which costs reading it again. */
export class ArchiveCursor {
  private reader: AsyncIterator<StoredEvent> | null = null;
  private head: StoredEvent | null = null;
  /** Everything up to here was taken or is not wanted. */
  private behind: Position = 0;
  private isAtEnd = false;

  constructor(
    readonly span: ArchiveSpan,
    private readonly open: (span: ArchiveSpan) => AsyncIterator<StoredEvent>,
  ) {}

  get isOpen(): boolean {
    return this.reader !== null;
  }

  /** No event is before it. `Infinity`: there is none any more. */
  get nextPosition(): Position {
    if (this.isAtEnd) return Infinity;
    return this.head?.position ?? Math.max(this.span.firstPosition, this.behind + 1);
  }

  /** Passes over everything up to a position. */
  passOver(position: Position): void {
    this.behind = Math.max(this.behind, position);
    if (this.head !== null && this.head.position <= this.behind) this.head = null;
    // One that is open is read to its end, where its hash is checked.
    if (this.span.lastPosition <= this.behind && this.reader === null) this.isAtEnd = true;
  }

  /** The next event, which is not taken by that; `null`: there is none any more. */
  async peek(): Promise<StoredEvent | null> {
    while (this.head === null && !this.isAtEnd) {
      this.reader ??= this.open(this.span);
      const next = await this.reader.next();
      if (next.done === true) this.isAtEnd = true;
      else if (next.value.position > this.behind) this.head = next.value;
    }
    return this.head;
  }

  /** Lets go of the connection; what is next is read again when it is wanted. */
  async park(): Promise<void> {
    const { reader } = this;
    this.reader = null;
    this.head = null;
    await reader?.return?.();
  }
}
