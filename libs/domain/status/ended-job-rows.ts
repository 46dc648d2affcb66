/** Bytes of a job in memory and in a snapshot; its id is first. All numbers are big-endian. */
export const ROW_BYTES = 40;

/** Rows move when one is put before them, so no chunk is long. */
export const CHUNK_ROWS_MAX = 512;

/** Consecutive rows of an `EndedJobTable`, by ascending id. */
export class EndedJobRows {
  readonly bytes = new Uint8Array(CHUNK_ROWS_MAX * ROW_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  rowCount = 0;

  static of(rows: Uint8Array): EndedJobRows {
    const chunk = new EndedJobRows();
    chunk.bytes.set(rows);
    chunk.rowCount = rows.length / ROW_BYTES;
    return chunk;
  }

  get rows(): Uint8Array {
    return this.bytes.subarray(0, this.rowCount * ROW_BYTES);
  }

  idAt(row: number): bigint {
    return this.view.getBigUint64(row * ROW_BYTES);
  }

  /** The first row whose id is `id` or greater. */
  rowOf(id: bigint): number {
    let low = 0;
    let high = this.rowCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.idAt(middle) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room for a row; the chunk is not full. */
  open(row: number): void {
    const offset = row * ROW_BYTES;
    this.bytes.copyWithin(offset + ROW_BYTES, offset, this.rowCount * ROW_BYTES);
    this.rowCount += 1;
  }

  remove(row: number): void {
    const offset = row * ROW_BYTES;
    this.bytes.copyWithin(offset, offset + ROW_BYTES, this.rowCount * ROW_BYTES);
    this.rowCount -= 1;
  }

  /** Keeps the first half. */
  splitOff(): EndedJobRows {
    const kept = this.rowCount >>> 1;
    const other = EndedJobRows.of(this.rows.subarray(kept * ROW_BYTES));
    this.rowCount = kept;
    return other;
  }
}
