import type { Terminal } from '../terminal.ts';

const LINE_FEED = 0x0a;
const SHOW_EVERY_MS = 200;
/** The first line and the last one are no events. */
const FRAME_COUNT = 2;

/** Counts the lines that pass through, and shows the count where a person watches. */
export class LineCounter {
  private lineCount = 0;
  private shownAtMs = 0;
  private tail: Uint8Array[] = [];

  constructor(
    private readonly terminal: Pick<Terminal, 'isInteractive' | 'stderr'>,
    private readonly verb: string,
  ) {}

  get eventCount(): number {
    return Math.max(0, this.lineCount - FRAME_COUNT);
  }

  /** The last line that came by, without its line end. */
  get lastLine(): Uint8Array {
    const text = Buffer.concat(this.tail);
    const end = text.at(-1) === LINE_FEED ? text.length - 1 : text.length;
    return text.subarray(text.subarray(0, end).lastIndexOf(LINE_FEED) + 1, end);
  }

  async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      for (let at = piece.indexOf(LINE_FEED); at !== -1; at = piece.indexOf(LINE_FEED, at + 1)) {
        this.lineCount += 1;
      }
      this.keepTail(piece);
      this.show();
      yield piece;
    }
  }

  end(): void {
    if (this.terminal.isInteractive) this.terminal.stderr.write('\r\u001b[K');
  }

  /** From the last line end but one on. */
  private keepTail(piece: Uint8Array): void {
    const before = piece.length < 2 ? -1 : piece.lastIndexOf(LINE_FEED, piece.length - 2);
    this.tail = before === -1 ? [...this.tail, piece] : [piece.subarray(before + 1)];
  }

  private show(): void {
    if (!this.terminal.isInteractive) return;
    const nowMs = performance.now();
    if (nowMs - this.shownAtMs < SHOW_EVERY_MS) return;
    this.shownAtMs = nowMs;
    this.terminal.stderr.write(`\r${this.lineCount} lines ${this.verb}`);
  }
}
