import type { JobId } from '#libs/domain/kernel/ids.ts';

/** One worker's claim on a slot. */
export interface SlotRequest {
  readonly jobId: JobId;
  /** Called once, when the worker has its slot. */
  onGranted(): void;
}

/**
 * Capacity of this machine: at most `slotsMax` workers have a process at a time. A free slot goes
 * to the job that has the fewest; between equals, to the one that asked first.
 */
export class WorkerSlots {
  private readonly waiting: SlotRequest[] = [];
  private readonly usedByJob = new Map<JobId, number>();
  private usedCount = 0;

  constructor(private readonly slotsMax: number) {}

  get freeCount(): number {
    return this.slotsMax - this.usedCount;
  }

  request(request: SlotRequest): void {
    this.waiting.push(request);
    this.grant();
  }

  /** Takes back a request that has not been granted. @returns whether there was one */
  withdraw(request: SlotRequest): boolean {
    const at = this.waiting.indexOf(request);
    if (at !== -1) this.waiting.splice(at, 1);
    return at !== -1;
  }

  /** Gives back a slot that was granted to a worker of `jobId`. */
  release(jobId: JobId): void {
    const used = this.usedBy(jobId) - 1;
    if (used === 0) this.usedByJob.delete(jobId);
    else this.usedByJob.set(jobId, used);
    this.usedCount -= 1;
    this.grant();
  }

  private grant(): void {
    while (this.usedCount < this.slotsMax) {
      const request = this.fairest();
      if (request === null) return;
      this.withdraw(request);
      this.usedCount += 1;
      this.usedByJob.set(request.jobId, this.usedBy(request.jobId) + 1);
      request.onGranted();
    }
  }

  private fairest(): SlotRequest | null {
    return this.waiting.reduce<SlotRequest | null>(
      (best, request) =>
        best === null || this.usedBy(request.jobId) < this.usedBy(best.jobId) ? request : best,
      null,
    );
  }

  private usedBy(jobId: JobId): number {
    return this.usedByJob.get(jobId) ?? 0;
  }
}
