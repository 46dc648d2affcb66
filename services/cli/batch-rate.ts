const WINDOW_MS = 5000;

/** Batches settled per second, over the last five seconds. */
export class BatchRate {
  private samples: { readonly atMs: number; readonly count: number }[] = [];

  /** @param count batches settled so far */
  add(atMs: number, count: number): void {
    this.samples.push({ atMs, count });
    // One sample from before the window stays, or a slow job would have no rate.
    const inWindow = this.samples.findIndex((sample) => sample.atMs >= atMs - WINDOW_MS);
    this.samples = this.samples.slice(Math.max(0, inWindow - 1));
  }

  /** 0 until there are two samples. */
  get perSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return ((last.count - first.count) * 1000) / (last.atMs - first.atMs);
  }
}
