import { BATCH_BYTES_MAX, batchSizeBytes } from '#libs/domain/batch/split-batches.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';

/** The paths of a batch do not fit into it. */
export class BatchOfPathsTooLarge extends Rejection {
  readonly code = 'batch.too_large';

  constructor(batchIndex: number, firstPath: string, pathCount: number) {
    super(
      `batch ${batchIndex}, which starts with ${firstPath}, exceeds the limit (${BATCH_BYTES_MAX} bytes) ` +
        `with its path ${pathCount}; use a smaller batch_size`,
    );
  }
}

/** Paths that become a batch. */
export class PathBatch {
  private items: string[] = [];
  private itemBytes = 0;
  private firstPath = '';

  constructor(
    private readonly sizeItems: number,
    private batchIndex: number,
  ) {}

  get itemCount(): number {
    return this.items.length;
  }

  get isFull(): boolean {
    return this.items.length === this.sizeItems;
  }

  /** @throws BatchOfPathsTooLarge */
  add(path: string): void {
    if (this.items.length === 0) this.firstPath = path;
    const item = JSON.stringify(path);
    this.items.push(item);
    this.itemBytes += Buffer.byteLength(item);
    if (batchSizeBytes(this.items.length, this.itemBytes) > BATCH_BYTES_MAX)
      throw new BatchOfPathsTooLarge(this.batchIndex, this.firstPath, this.items.length);
  }

  /** JSON array of the paths added since the last call. */
  take(): Uint8Array {
    const payload = Buffer.from(`[${this.items.join(',')}]`);
    this.items = [];
    this.itemBytes = 0;
    this.batchIndex += 1;
    return payload;
  }
}
