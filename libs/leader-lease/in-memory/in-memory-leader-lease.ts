import type { LeaderLease } from '../leader-lease.port.ts';

/** A lease among candidates of one process. All candidates share one instance. */
export class InMemoryLeaderLease implements LeaderLease {
  private isHeld = false;
  private standbys: (() => void)[] = [];

  async acquire(signal: AbortSignal): Promise<AbortSignal> {
    signal.throwIfAborted();
    while (this.isHeld) {
      await this.untilGivenUp(signal);
      signal.throwIfAborted();
    }
    this.isHeld = true;
    signal.addEventListener('abort', () => this.giveUp(), { once: true });
    return signal;
  }

  private untilGivenUp(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.standbys.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  private giveUp(): void {
    this.isHeld = false;
    const standbys = this.standbys;
    this.standbys = [];
    for (const wake of standbys) wake();
  }
}
