/** Node prints a native stack trace of some kilobytes behind its reason for an abort. */
const TAIL_BYTES_MAX = 16_384;
const SHOWN_LINES_MAX = 24;
const SHOWN_CHARS_MAX = 2000;

/** The last that was printed, for telling why a handler died. */
export class OutputTail {
  private bytes = Buffer.alloc(0);

  add(piece: Uint8Array): void {
    this.bytes =
      piece.length >= TAIL_BYTES_MAX
        ? Buffer.from(piece.subarray(-TAIL_BYTES_MAX))
        : Buffer.concat([this.bytes, piece]).subarray(-TAIL_BYTES_MAX);
  }

  get text(): string {
    return this.bytes.toString('utf8').trimEnd();
  }

  /** Few enough lines to be part of a message, led in; empty when nothing was printed. */
  get asPartOfMessage(): string {
    if (this.text === '') return '';
    const lines = this.text.split('\n').slice(-SHOWN_LINES_MAX).join('\n');
    return `; its last output:\n${lines.slice(-SHOWN_CHARS_MAX)}`;
  }
}
