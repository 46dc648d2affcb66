import type { BatchQueue } from '#libs/batch-queue/batch-queue.port.ts';
import type { Compute } from '#libs/compute/compute.port.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import type { ArchiveStore } from '#libs/object-store/archive-store.port.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { DocumentStore } from '#libs/projection/document-store/document-store.port.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { ArchiveJobs, type ArchiveRule } from './archive-jobs/archive-jobs.ts';
import { KeepJobs } from './keep-jobs/keep-jobs.ts';
import { SendWebhooks, type WebhookSettings } from './send-webhooks/send-webhooks.ts';
import { RecordWorkers } from './record-workers/record-workers.ts';

export interface LeaderDeps {
  readonly store: EventStore;
  readonly queue: BatchQueue;
  readonly blobs: BlobStore;
  readonly documents: DocumentStore;
  readonly lease: LeaderLease;
  readonly compute: Compute;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly graceMs: number;
  readonly queueLookMs?: number;
  readonly queueSweepMs?: number;
  readonly webhooks: WebhookSettings;
  /** `null`: nothing is archived. */
  readonly archiving?: { readonly archives: ArchiveStore; readonly rule: ArchiveRule } | null;
}

/**
 * Leads when it holds the lease and stands by otherwise.
 *
 * Two leaders at once, which a paused process can bring about, waste work and harm nothing: what
 * they decide meets optimistic concurrency, what their workers do is counted by batch.
 */
export class Leader {
  private leading = false;

  constructor(private readonly deps: LeaderDeps) {}

  get isLeading(): boolean {
    return this.leading;
  }

  /** Ends when `signal` aborts and everything has been let go of. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const lost = await this.deps.lease.acquire(signal).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (lost === null) return;
      this.deps.logger.info('leading');
      this.leading = true;
      const recorder = new RecordWorkers(this.deps.store, this.deps.logger, lost);
      try {
        await this.lead(lost, recorder);
      } finally {
        this.leading = false;
        await this.deps.compute.close();
        await recorder.settled(); // Workers that left just now are still being recorded.
        this.deps.logger.info('not leading any more');
      }
    }
  }

  /** @param signal aborts when the lease is lost or given up */
  private async lead(signal: AbortSignal, recorder: RecordWorkers): Promise<void> {
    const { store, blobs, documents, compute, logger } = this.deps;
    const snapshots = new ViewSnapshots(blobs, logger);
    const follower = await ViewFollower.open({ store, snapshots, documents, logger });
    const following = follower.run(signal);
    await Promise.race([follower.caughtUp(), following]);
    if (signal.aborted) return following;

    compute.onReport((report) => recorder.add(report));
    const reportsSettled = (): Promise<void> => recorder.settled();
    const keepers = new KeepJobs(follower, { ...this.deps, reportsSettled }, signal);
    const webhooks = new SendWebhooks(follower, this.deps, signal);
    follower.onJobsChanged((jobs) => {
      keepers.changed(jobs);
      webhooks.changed(jobs);
    });
    webhooks.takeOver();
    const archiving = this.archive(follower, signal);
    await Promise.race([keepers.takeOver(), following]); // Nothing is caught up with after the end.
    await Promise.all([following, archiving]);
  }

  private async archive(follower: ViewFollower, signal: AbortSignal): Promise<void> {
    const { archiving } = this.deps;
    if (archiving) await new ArchiveJobs(follower, { ...this.deps, ...archiving }, signal).run();
  }
}
