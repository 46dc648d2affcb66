import { BATCH_BYTES_MAX } from '#libs/domain/batch/split-batches.ts';

const OPEN = 0x5b; // [
const COMMA = 0x2c; // ,
const CLOSE = 0x5d; // ]

/**
 * Payloads of at most this size share blocks, since a buffer of its own would cost a small one
 * several times its size. A held payload keeps its block; blocks of this few bytes keep that harmless.
 */
const SHARED_BYTES_MAX = 8 * 1024;
const BLOCK_BYTES = 64 * 1024;

/**
 * The JSON array of a batch that is being filled. Items that follow each other in the source are
 * copied together: a byte that ends an item is overwritten in the source with the comma.
 */
export class BatchPayload {
  private readonly filled = new Uint8Array(BATCH_BYTES_MAX);
  private filledBytes = 1;
  private runStart = 0;
  private runEnd = 0;
  private block = new Uint8Array(0);
  private blockUsedBytes = 0;

  constructor() {
    this.filled[0] = OPEN;
  }

  /** Whether an item of `itemBytes` bytes still fits. */
  hasRoomFor(itemBytes: number): boolean {
    return this.filledBytes + (this.runEnd - this.runStart) + itemBytes < BATCH_BYTES_MAX;
  }

  /**
   * Adds the item at `start` to `end` of `source`. The item is read and the byte at `end` written
   * until the next `flush` or `take`.
   */
  add(source: Uint8Array, start: number, end: number): void {
    if (start !== this.runEnd) {
      this.flush(source);
      this.runStart = start;
    }
    source[end] = COMMA;
    this.runEnd = end + 1;
  }

  /** Copies what was added, so that `source` may change. */
  flush(source: Uint8Array): void {
    if (this.runEnd > this.runStart) {
      this.filled.set(source.subarray(this.runStart, this.runEnd), this.filledBytes);
      this.filledBytes += this.runEnd - this.runStart;
    }
    this.runStart = 0;
    this.runEnd = 0;
  }

  /** The array of everything added since the last call. At least one item, and all are flushed. */
  take(): Uint8Array {
    const sizeBytes = this.filledBytes;
    this.filled[sizeBytes - 1] = CLOSE;
    this.filledBytes = 1;
    if (sizeBytes > SHARED_BYTES_MAX) return this.filled.slice(0, sizeBytes);
    const payload = this.pieceOfBlock(sizeBytes);
    payload.set(this.filled.subarray(0, sizeBytes));
    return payload;
  }

  private pieceOfBlock(sizeBytes: number): Uint8Array {
    if (this.blockUsedBytes + sizeBytes > this.block.length) {
      this.block = new Uint8Array(BLOCK_BYTES);
      this.blockUsedBytes = 0;
    }
    const piece = this.block.subarray(this.blockUsedBytes, this.blockUsedBytes + sizeBytes);
    this.blockUsedBytes += sizeBytes;
    return piece;
  }
}
