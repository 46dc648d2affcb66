import type { JobQueueKey, LeasedBatch, OutgoingBatch } from '../batch-queue.port.ts';

/** How long ids of batches are known: as long as the real queue knows them. */
const DUPLICATE_WINDOW_MS = 2 * 60_000;

interface QueuedBatch extends OutgoingBatch {
  attempt: number;
  /** Offered from then on: the end of the lease or of the delay; in milliseconds of the clock. */
  freeAt: number;
  lease: LeasedBatch | null;
}

/** One job's batches in the order of sending, and who waits for them. Times are in milliseconds. */
export class InMemoryJobQueue {
  /** Whether it was created and not deleted. Otherwise nobody is offered what is in it. */
  exists = false;
  private readonly batches = new Map<number, QueuedBatch>();
  /** When each was sent, by `performance.now()`. */
  private readonly sentAt = new Map<number, number>();
  private readonly wakers = new Set<() => void>();

  constructor(readonly key: JobQueueKey) {}

  create(): void {
    this.exists = true;
    this.wakeAll();
  }

  delete(): void {
    this.exists = false;
    this.batches.clear();
  }

  add({ index, payload }: OutgoingBatch): void {
    const now = performance.now();
    if (now - (this.sentAt.get(index) ?? -Infinity) < DUPLICATE_WINDOW_MS) return;
    this.sentAt.set(index, now);
    const copy = Uint8Array.from(payload); // The sender may use its buffer again.
    this.batches.set(index, { index, payload: copy, attempt: 0, freeAt: 0, lease: null });
  }

  indexes(): readonly number[] {
    return [...this.batches.keys()];
  }

  /** Leases what is free, in the order of sending. */
  lease(countMax: number, now: number, leaseMs: number): LeasedBatch[] {
    const leases: LeasedBatch[] = [];
    if (!this.exists) return leases;
    for (const batch of this.batches.values()) {
      if (leases.length === countMax) break;
      if (batch.freeAt > now) continue;
      batch.attempt++;
      batch.freeAt = now + leaseMs;
      batch.lease = { index: batch.index, attempt: batch.attempt, payload: batch.payload };
      leases.push(batch.lease);
    }
    return leases;
  }

  /** Does nothing, like all that settle, for a lease that has run out. */
  renew(lease: LeasedBatch, now: number, leaseMs: number): void {
    const batch = this.held(lease, now);
    if (batch !== null) batch.freeAt = now + leaseMs;
  }

  remove(lease: LeasedBatch, now: number): void {
    if (this.held(lease, now) !== null) this.batches.delete(lease.index);
  }

  release(lease: LeasedBatch, now: number, delayMs: number): void {
    const batch = this.held(lease, now);
    if (batch === null) return;
    batch.lease = null;
    batch.freeAt = now + delayMs;
    this.wakeAll();
  }

  /** When a batch becomes free that is not; `Infinity` when there is none. */
  nextFreeAt(): number {
    let earliest = Infinity;
    if (!this.exists) return earliest;
    for (const { freeAt } of this.batches.values()) earliest = Math.min(earliest, freeAt);
    return earliest;
  }

  /** Calls `wake` whenever there may be something to lease, until the returned function is called. */
  onChange(wake: () => void): () => void {
    this.wakers.add(wake);
    return () => this.wakers.delete(wake);
  }

  wakeAll(): void {
    for (const wake of this.wakers) wake();
  }

  private held(lease: LeasedBatch, now: number): QueuedBatch | null {
    const batch = this.batches.get(lease.index);
    return batch !== undefined && batch.lease === lease && now < batch.freeAt ? batch : null;
  }
}
