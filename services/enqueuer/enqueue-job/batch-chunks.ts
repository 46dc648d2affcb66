import type { Batch } from '#libs/domain/batch/split-batches.ts';

/** Batches that are sent, and recorded as sent, together. */
export interface BatchChunk {
  readonly firstIndex: number;
  readonly batches: readonly Batch[];
  readonly itemCount: number;
  /** Cursor behind the last batch: where enqueuing goes on after a crash. */
  readonly cursor: string;
}

/**
 * One event per 2,000 batches keeps the log small beside the outcomes; 8 MiB bounds the memory of a
 * chunk of large batches.
 */
const CHUNK_BATCHES_MAX = 2000;
const CHUNK_BYTES_MAX = 8 * 1024 * 1024;

/** Groups consecutive batches into chunks. */
export function* chunkBatches(batches: Iterable<Batch>, firstIndex: number): Generator<BatchChunk> {
  let nextIndex = firstIndex;
  let pending: Batch[] = [];
  let pendingBytes = 0;

  const takeChunk = (): BatchChunk => {
    const chunk = {
      firstIndex: nextIndex,
      batches: pending,
      itemCount: pending.reduce((sum, batch) => sum + batch.itemCount, 0),
      cursor: String(pending.at(-1)?.endOffset ?? 0),
    };
    nextIndex += pending.length;
    pending = [];
    pendingBytes = 0;
    return chunk;
  };

  for (const batch of batches) {
    pending.push(batch);
    pendingBytes += batch.payload.length;
    if (pending.length >= CHUNK_BATCHES_MAX || pendingBytes >= CHUNK_BYTES_MAX) yield takeChunk();
  }
  if (pending.length > 0) yield takeChunk();
}
