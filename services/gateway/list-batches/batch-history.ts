import { BatchOutcomes } from '#libs/domain/batch/batch-outcomes.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { EVENT_REGISTRY } from '#libs/event-store/codec/event-registry.ts';

/** What a job's history says about its batches as a whole: a few bits for each. */
export class BatchHistory {
  readonly outcomes = new BatchOutcomes();
  private batchSizeItems = 1;
  /** Items of the batches that are known to be sent. */
  private itemCount = 0;

  take(event: PlatformEvent): void {
    if (event.type === 'JobSubmitted') this.batchSizeItems = event.data.source.batchSizeItems;
    if (event.type === 'JobCompleted') this.outcomes.end();
    if (event.type === 'BatchEnqueued') {
      // All batches but the job's last are full.
      this.knowItems(event.data.firstIndex * this.batchSizeItems + event.data.itemCount);
    }
    if (isAboutBatches(event)) this.outcomes.apply(event);
  }

  /** Where in the job's items a batch starts, and how many it has; `null` while nobody has said. */
  itemsOf(index: number): { readonly first: number; readonly count: number | null } {
    const first = index * this.batchSizeItems;
    const left = this.itemCount - first;
    return { first, count: left <= 0 ? null : Math.min(left, this.batchSizeItems) };
  }

  private knowItems(itemCount: number): void {
    this.itemCount = Math.max(this.itemCount, itemCount);
  }
}

const isAboutBatches = (event: PlatformEvent): event is BatchEvent =>
  EVENT_REGISTRY[event.type].lane === 'batch';
