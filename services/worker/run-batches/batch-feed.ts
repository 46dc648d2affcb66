import type { BatchReceiver, LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import type { PrefetchWindow } from './prefetch-window.ts';

const RECEIVE_WAIT_MS = 5000;
const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1000;

export interface BatchFeedDeps {
  openReceiver(): Promise<BatchReceiver>;
  /** How many batches are held. */
  readonly window: PrefetchWindow;
  readonly logger: Logger;
}

/**
 * Batches that are leased and not started, kept filled ahead of their use. When the queue cannot
 * be reached it tries again, with pauses, until `close`.
 */
export class BatchFeed {
  private receiver: BatchReceiver | null = null;
  private waiting: LeasedBatch[] = [];
  private filling: Promise<void> | null = null;
  private readonly closing = new AbortController();

  constructor(private readonly deps: BatchFeedDeps) {}

  /** The next batch if one is at hand. Asks the queue for more when half of what is held is used. */
  take(): LeasedBatch | undefined {
    if (this.closing.signal.aborted) return undefined;
    const batch = this.waiting.shift();
    if (this.isRunningLow()) this.fill();
    return batch;
  }

  /** Waits for the next batch; `null` after `close`. */
  async next(): Promise<LeasedBatch | null> {
    while (!this.closing.signal.aborted) {
      const batch = this.take();
      if (batch !== undefined) return batch;
      this.fill();
      await this.filling;
    }
    return null;
  }

  get held(): readonly LeasedBatch[] {
    return this.waiting;
  }

  renew(batches: readonly LeasedBatch[]): void {
    this.receiver?.renew(batches);
  }

  remove(batches: readonly LeasedBatch[]): void {
    this.receiver?.remove(batches);
  }

  release(batch: LeasedBatch, delayMs: number): void {
    this.receiver?.release(batch, delayMs);
  }

  /** Gives back what is held, for others to take. */
  releaseHeld(): void {
    const batches = this.waiting;
    this.waiting = [];
    for (const batch of batches) this.release(batch, 0);
  }

  /** Hands out no further batch and gives back what is held or still comes in. */
  async close(): Promise<void> {
    this.closing.abort();
    this.releaseHeld();
    await this.receiver?.close();
    await this.filling;
  }

  /** With long calls the next batch is fetched only when it is needed. */
  private isRunningLow(): boolean {
    const { batchCount } = this.deps.window;
    return batchCount > 1 && this.waiting.length <= batchCount >> 1;
  }

  private fill(): void {
    this.filling ??= this.receiveMore().finally(() => (this.filling = null));
  }

  private async receiveMore(): Promise<void> {
    const { signal } = this.closing;
    for (
      let pauseMs = RETRY_MS_MIN;
      !signal.aborted;
      pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)
    ) {
      try {
        this.receiver ??= await this.deps.openReceiver();
        if (signal.aborted) return await this.receiver.close();
        const countMax = Math.max(this.deps.window.batchCount - this.waiting.length, 1);
        const batches = await this.receiver.receive(countMax, RECEIVE_WAIT_MS);
        for (const batch of batches) this.waiting.push(batch);
        if (signal.aborted) this.releaseHeld();
        return;
      } catch (error) {
        this.deps.logger.warn({ err: error }, 'cannot receive batches, will retry');
        await pause(pauseMs, signal);
      }
    }
  }
}
