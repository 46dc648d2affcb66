import type { Logger } from '#libs/platform/logger.ts';
import type { LeaseEntry } from './lease-entry.ts';

/** What was last said of the entry; `atMs` by the process's own clock, before the server was asked. */
export interface Term {
  readonly revision: number;
  readonly atMs: number;
}

export interface HeldLeaseOptions {
  readonly ttlMs: number;
  readonly logger: Logger;
}

/** Renews a lease that was taken, until it is given up or lost. */
export class HeldLease {
  private readonly ended = new AbortController();
  private renewTimer: NodeJS.Timeout | undefined;
  private lossTimer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> = Promise.resolve();

  constructor(
    private readonly entry: LeaseEntry,
    private term: Term,
    private readonly options: HeldLeaseOptions,
  ) {
    this.begin(term);
  }

  /** Aborts when the lease is given up or lost. */
  get signal(): AbortSignal {
    return this.ended.signal;
  }

  async giveUp(): Promise<void> {
    if (this.signal.aborted) return;
    this.end();
    await this.renewing; // Its revision is the one to release.
    try {
      await this.entry.release(this.term.revision);
    } catch (error) {
      const { logger } = this.options;
      logger.warn({ err: error, lease: this.entry.name }, 'lease not released, it will expire');
    }
  }

  private begin(term: Term): void {
    const { ttlMs } = this.options;
    this.term = term;
    clearTimeout(this.lossTimer);
    // The server counts from a moment after `atMs`: here the lease ends first, never last.
    this.lossTimer = setTimeout(() => this.lose(), term.atMs + ttlMs - performance.now());
    this.renewIn(ttlMs / 3);
  }

  private renewIn(delayMs: number): void {
    this.renewTimer = setTimeout(() => {
      this.renewing = this.renew();
    }, delayMs);
  }

  private async renew(): Promise<void> {
    const atMs = performance.now();
    const renewal = await this.entry.renew(this.term.revision);
    if (renewal.outcome === 'renewed') this.term = { revision: renewal.revision, atMs };
    if (this.signal.aborted) return;
    if (renewal.outcome === 'renewed') this.begin(this.term);
    else if (renewal.outcome === 'lost') this.lose();
    else this.renewIn(this.options.ttlMs / 10);
  }

  private lose(): void {
    this.options.logger.warn({ lease: this.entry.name }, 'lease lost');
    this.end();
  }

  private end(): void {
    clearTimeout(this.renewTimer);
    clearTimeout(this.lossTimer);
    this.ended.abort();
  }
}
