import { isUtf8 } from 'node:buffer';
import { BATCH_BYTES_MAX } from '#libs/domain/batch/split-batches.ts';
import { LINE_PADDING_BYTES } from '#libs/json/json-line.ts';

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Longest line, with the white space around its item: nothing longer could be sent anyway. The
 * window is twice as large, so what is left of it after moving is at least as much as was moved.
 */
export const LINE_BYTES_MAX = BATCH_BYTES_MAX;
const WINDOW_BYTES = 2 * LINE_BYTES_MAX;

/**
 * The part of a file that is in memory: lines that are complete and the start of the next one.
 * Whoever reads them moves `at` from line to line up to `linesEnd`. Only the bytes behind `at` must
 * stay as they are, and only until `accept`.
 */
export class LineWindow {
  readonly bytes = new Uint8Array(WINDOW_BYTES + 1 + LINE_PADDING_BYTES);
  readonly text = new DataView(this.bytes.buffer);
  /** Where the first line not yet read starts. */
  at = 0;
  /** End of the lines that may be read, behind a newline. At `at`, unless `nextLines` is true. */
  linesEnd = 0;
  /** Whether the lines up to `linesEnd` are valid UTF-8. If not, it is one line. */
  isText = true;

  private filledEnd = 0;
  private completeEnd = 0;
  private hasDamage = false;
  private isDiscarding = false;
  private line = 1;
  /** Offset in the file of the byte at 0. */
  private baseOffset = 0;
  private fileEndOffset = Infinity;

  /** Begins a file, whose first bytes will be those of the line that starts at `byteOffset`. */
  open(line: number, byteOffset: number): void {
    this.at = this.linesEnd = this.completeEnd = this.filledEnd = 0;
    this.hasDamage = this.isDiscarding = false;
    this.line = line;
    this.baseOffset = byteOffset;
    this.fileEndOffset = Infinity;
  }

  get lineNumber(): number {
    return this.line;
  }

  get byteOffset(): number {
    return Math.min(this.baseOffset + this.at, this.fileEndOffset);
  }

  /** Takes bytes of the file, and returns those for which there is no room yet. */
  accept(chunk: Uint8Array): Uint8Array {
    const wanted = this.isDiscarding ? this.discard(chunk) : chunk;
    this.makeRoom();
    const piece = wanted.subarray(0, WINDOW_BYTES - this.filledEnd);
    this.bytes.set(piece, this.filledEnd);
    const newline = piece.lastIndexOf(NEWLINE);
    if (newline !== -1) this.completeEnd = this.filledEnd + newline + 1;
    this.filledEnd += piece.length;
    return wanted.subarray(piece.length);
  }

  /** Ends the file: what is left of it is a line too. */
  close(): void {
    if (this.isDiscarding) this.endDiscarding();
    if (this.filledEnd === this.at) return;
    this.fileEndOffset = this.baseOffset + this.filledEnd;
    this.bytes[this.filledEnd++] = NEWLINE;
    this.completeEnd = this.filledEnd;
  }

  /** Makes more lines readable: all that are complete, or one at a time where some are not UTF-8. */
  nextLines(): boolean {
    this.passByteOrderMark();
    if (this.at >= this.completeEnd) {
      this.hasDamage = false;
      return false;
    }
    if (!this.hasDamage) {
      this.linesEnd = this.completeEnd;
      this.isText = isUtf8(this.bytes.subarray(this.at, this.linesEnd));
      if (this.isText) return true;
      this.hasDamage = true;
    }
    this.linesEnd = this.endOfLine() + 1;
    this.isText = isUtf8(this.bytes.subarray(this.at, this.linesEnd));
    return true;
  }

  /** Offset of the newline of the line at `at`, which is complete. */
  endOfLine(): number {
    return this.bytes.indexOf(NEWLINE, this.at);
  }

  /** Goes to the line that starts at `start`. */
  advance(start: number): void {
    this.at = start;
    this.line++;
  }

  /** The line at `at` is not complete, and longer than a line may be already. */
  get isOverlong(): boolean {
    return this.filledEnd - this.at > LINE_BYTES_MAX;
  }

  /** Leaves out the line at `at`, to its end, wherever that is. */
  discardLine(): void {
    this.baseOffset += this.filledEnd;
    this.at = this.linesEnd = this.completeEnd = this.filledEnd = 0;
    this.isDiscarding = true;
  }

  private passByteOrderMark(): void {
    const isFileStart = this.baseOffset + this.at === 0;
    if (!isFileStart || this.filledEnd < BYTE_ORDER_MARK.length) return;
    if (BYTE_ORDER_MARK.every((byte, index) => this.bytes[this.at + index] === byte)) this.at += 3;
  }

  private discard(chunk: Uint8Array): Uint8Array {
    const newline = chunk.indexOf(NEWLINE);
    const discardedBytes = newline === -1 ? chunk.length : newline + 1;
    this.baseOffset += discardedBytes;
    if (newline !== -1) this.endDiscarding();
    return chunk.subarray(discardedBytes);
  }

  private endDiscarding(): void {
    this.isDiscarding = false;
    this.line++;
  }

  /** Moves what is left to the front when that is the smaller part: moving costs less than reading did. */
  private makeRoom(): void {
    if (this.filledEnd - this.at > this.at) return;
    this.bytes.copyWithin(0, this.at, this.filledEnd);
    this.baseOffset += this.at;
    this.completeEnd -= this.at;
    this.filledEnd -= this.at;
    this.linesEnd -= this.at;
    this.at = 0;
  }
}
