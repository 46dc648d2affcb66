/** Little enough that the last batches of a job are spread over its workers, enough to hide the queue. */
const WORK_MS = 50;
const COUNT_MAX = 256;
/** Weight of the newest call in the average: a change shows within a few calls. */
const WEIGHT = 0.2;

/**
 * How many batches a worker holds: about 50 ms of work. While calls are short that hides the way
 * to the queue and back; when they are long it is one, so that no batch waits behind another.
 */
export class PrefetchWindow {
  private averageMs = WORK_MS;

  /** @param countMax 1 holds nothing but what is handled next */
  constructor(private readonly countMax = COUNT_MAX) {}

  observe(durationMs: number): void {
    this.averageMs += WEIGHT * (durationMs - this.averageMs);
  }

  get batchCount(): number {
    return Math.min(Math.max(Math.floor(WORK_MS / this.averageMs), 1), this.countMax);
  }
}
