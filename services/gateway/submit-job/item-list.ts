import {
  BATCH_BYTES_MAX,
  batchSizeBytes,
  BatchTooLarge,
} from '#libs/domain/batch/split-batches.ts';
import { ArrayCursor } from '#libs/json/json-scanner.ts';
import { badRequest } from '../request-refused.ts';

/**
 * Checks every item, and every batch of `batchSizeItems` of them, against the size limit.
 *
 * @param items the `items` array as it was sent
 * @param batchSizeItems as it was sent; batches are not checked when it is no number
 * @returns how many items there are, at least 1
 */
export function checkItemList(items: Uint8Array, batchSizeItems: unknown): number {
  const batchSize = typeof batchSizeItems === 'number' ? batchSizeItems : Number.NaN;
  const cursor = new ArrayCursor(items);
  let itemCount = 0;
  let batchItemCount = 0;
  let batchItemBytes = 0;
  while (cursor.next()) {
    const sizeBytes = cursor.endOffset - cursor.startOffset;
    if (sizeBytes > BATCH_BYTES_MAX) throw itemTooLarge(itemCount, sizeBytes);
    itemCount++;
    batchItemCount++;
    batchItemBytes += sizeBytes;
    if (batchItemCount === batchSize) {
      checkBatch(itemCount, batchSize, batchSizeBytes(batchItemCount, batchItemBytes));
      batchItemCount = 0;
      batchItemBytes = 0;
    }
  }
  if (itemCount === 0) {
    throw badRequest('field.too_small', 'item_list: items: must contain at least 1 elements');
  }
  if (batchItemCount > 0 && batchSize >= 1) {
    checkBatch(itemCount, batchSize, batchSizeBytes(batchItemCount, batchItemBytes));
  }
  return itemCount;
}

/** @param itemCount items up to the end of the batch */
function checkBatch(itemCount: number, batchSizeItems: number, sizeBytes: number): void {
  if (sizeBytes <= BATCH_BYTES_MAX) return;
  throw new BatchTooLarge(Math.ceil(itemCount / batchSizeItems) - 1, sizeBytes);
}

const itemTooLarge = (index: number, sizeBytes: number): Error =>
  badRequest(
    'item.too_large',
    `item ${index} has size ${sizeBytes} bytes which exceeds the limit (${BATCH_BYTES_MAX} bytes)`,
  );
