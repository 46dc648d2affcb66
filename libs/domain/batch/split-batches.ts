import { Rejection } from '../kernel/errors.ts';

/** Largest batch a worker is sent, in bytes of its JSON array: the queue limit users know from SQS. */
export const BATCH_BYTES_MAX = 262_144;

const OPEN = 0x5b; // [
const COMMA = 0x2c; // ,
const CLOSE = 0x5d; // ]

/** One item as it was sent, and the byte offset in its source where the next item's search starts. */
export interface Item {
  readonly bytes: Uint8Array;
  readonly endOffset: number;
}

/** A batch as the handler receives it: a JSON array of items, each with the bytes it was sent with. */
export interface Batch {
  readonly payload: Uint8Array;
  readonly itemCount: number;
  /** `endOffset` of the last item. */
  readonly endOffset: number;
}

export class BatchTooLarge extends Rejection {
  readonly code = 'batch.too_large';
  constructor(
    readonly batchIndex: number,
    readonly sizeBytes: number,
  ) {
    super(
      `batch ${batchIndex} has size ${sizeBytes} bytes which exceeds the limit (${BATCH_BYTES_MAX} bytes); ` +
        'use a smaller batch size or reduce the size of the items in the batch',
    );
  }
}

/**
 * Hands out pieces of larger blocks. An allocation per batch would cost more memory than the
 * batches: a small buffer of its own has an overhead of several times its size.
 */
class Slab {
  private block = new Uint8Array(0);
  private used = 0;

  take(sizeBytes: number): Uint8Array {
    if (this.used + sizeBytes > this.block.length) {
      this.block = new Uint8Array(BATCH_BYTES_MAX);
      this.used = 0;
    }
    const piece = this.block.subarray(this.used, this.used + sizeBytes);
    this.used += sizeBytes;
    return piece;
  }
}

/** Bytes of the JSON array of `itemCount` items of `itemBytes` bytes together. */
export const batchSizeBytes = (itemCount: number, itemBytes: number): number =>
  itemBytes + Math.max(itemCount - 1, 0) + 2;

/**
 * Groups consecutive items into batches of `batchSizeItems`; the last may be shorter.
 *
 * @param firstIndex index of the first batch made, for error messages of a resumed job
 * @throws BatchTooLarge when a batch exceeds `BATCH_BYTES_MAX`
 */
export function* splitIntoBatches(
  items: Iterable<Item>,
  batchSizeItems: number,
  firstIndex = 0,
): Generator<Batch> {
  const slab = new Slab();
  let index = firstIndex;
  let pending: Item[] = [];
  for (const item of items) {
    pending.push(item);
    if (pending.length < batchSizeItems) continue;
    yield joinItems(pending, index++, slab);
    pending = [];
  }
  if (pending.length > 0) yield joinItems(pending, index, slab);
}

function joinItems(items: readonly Item[], index: number, slab: Slab): Batch {
  const itemBytes = items.reduce((sum, item) => sum + item.bytes.length, 0);
  const sizeBytes = batchSizeBytes(items.length, itemBytes);
  if (sizeBytes > BATCH_BYTES_MAX) throw new BatchTooLarge(index, sizeBytes);

  const payload = slab.take(sizeBytes);
  let offset = 0;
  let endOffset = 0;
  for (const item of items) {
    payload[offset] = offset === 0 ? OPEN : COMMA;
    payload.set(item.bytes, offset + 1);
    offset += 1 + item.bytes.length;
    endOffset = item.endOffset;
  }
  payload[offset] = CLOSE;
  return { payload, itemCount: items.length, endOffset };
}
