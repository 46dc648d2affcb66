import { invariant } from '#libs/domain/kernel/errors.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { BatchReceiver, LeasedBatch } from '../batch-queue.port.ts';
import type { InMemoryJobQueue } from './in-memory-job-queue.ts';

interface ReceiverOptions {
  readonly leaseMs: number;
  readonly clock: Clock;
}

export class InMemoryBatchReceiver implements BatchReceiver {
  private closed = false;
  private stopWaiting: (() => void) | null = null;

  constructor(
    private readonly queue: InMemoryJobQueue,
    private readonly options: ReceiverOptions,
  ) {}

  async receive(countMax: number, waitMs: number): Promise<readonly LeasedBatch[]> {
    invariant(this.stopWaiting === null, 'one receive at a time');
    const endsAt = performance.now() + waitMs;
    for (;;) {
      if (this.closed) return [];
      const leases = this.queue.lease(countMax, this.now(), this.options.leaseMs);
      const remainingMs = endsAt - performance.now();
      if (leases.length > 0 || remainingMs <= 0) return leases;
      await this.change(Math.min(remainingMs, this.queue.nextFreeAt() - this.now()));
    }
  }

  renew(batches: readonly LeasedBatch[]): void {
    for (const batch of batches) this.queue.renew(batch, this.now(), this.options.leaseMs);
  }

  remove(batches: readonly LeasedBatch[]): void {
    for (const batch of batches) this.queue.remove(batch, this.now());
  }

  release(batch: LeasedBatch, delayMs: number): void {
    this.queue.release(batch, this.now(), delayMs);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stopWaiting?.();
  }

  /** Resolves when the queue changed, after `timeoutMs`, or on `close`. */
  private change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = (): void => {
        clearTimeout(timer);
        forget();
        this.stopWaiting = null;
        resolve();
      };
      const timer = setTimeout(stop, Math.max(1, Math.ceil(timeoutMs)));
      const forget = this.queue.onChange(stop);
      this.stopWaiting = stop;
    });
  }

  private now(): number {
    return this.options.clock().getTime();
  }
}
