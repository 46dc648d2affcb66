import { splitIntoBatches } from '#libs/domain/batch/split-batches.ts';
import type { ItemListSource } from '#libs/domain/job/job.events.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import type { EnqueuingCursor } from '#libs/domain/status/job-view.ts';
import { arrayElements } from '#libs/json/json-scanner.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { BatchSink, BatchSource } from '../batch-source.ts';

/** What stands in the way of enqueuing a job, whoever tries it again. */
class InputMissing extends Rejection {
  readonly code = 'input.missing';
}

/** Items that came with the request. A position is the offset in bytes behind the last item. */
export class ItemListBatches implements BatchSource {
  constructor(
    private readonly blobs: BlobStore,
    private readonly source: ItemListSource,
  ) {}

  async read(from: EnqueuingCursor, sink: BatchSink, _signal: AbortSignal): Promise<void> {
    const { itemsKey, batchSizeItems } = this.source;
    const input = await this.blobs.get(itemsKey);
    if (input === null) throw new InputMissing(`the items of the job, ${itemsKey}, are gone`);
    const items = arrayElements(input, Number(from.position));
    for (const batch of splitIntoBatches(items, batchSizeItems, from.batchCount)) {
      // Not per batch: waiting would cost more than splitting.
      if (sink.isFull) await sink.room();
      sink.add({ payload: batch.payload, itemCount: batch.itemCount, position: batch.endOffset });
    }
  }
}
