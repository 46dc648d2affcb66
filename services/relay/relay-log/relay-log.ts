import type { RelaySource, RelayTarget } from '#libs/event-store/log-relay.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';

const RETRY_MS = 1000;

export interface RelayLogDeps {
  readonly source: RelaySource;
  readonly target: RelayTarget;
  readonly lease: LeaderLease;
  readonly logger: Logger;
}

/**
 * Copies the log to where integrations read it, while it holds the lease; stands by otherwise. Two at
 * once, which a paused process can bring about, hinder each other and harm nothing.
 */
export class RelayLog {
  private leading = false;
  private relayedUpTo = 0;

  constructor(private readonly deps: RelayLogDeps) {}

  get isLeading(): boolean {
    return this.leading;
  }

  /** Position in the log of the newest event that this process relayed. */
  get position(): number {
    return this.relayedUpTo;
  }

  /** Position of the newest event there is to relay. */
  logPosition(): Promise<number> {
    return this.deps.source.lastPosition();
  }

  /** Ends when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const lost = await this.deps.lease.acquire(signal).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (lost === null) return;
      this.leading = true;
      while (!lost.aborted) await this.tryRelay(lost);
      this.leading = false;
    }
  }

  private async tryRelay(signal: AbortSignal): Promise<void> {
    try {
      await this.relay(signal);
    } catch (error) {
      this.deps.logger.error({ err: error }, 'relaying was interrupted, will go on');
      await pause(RETRY_MS, signal);
    }
  }

  private async relay(signal: AbortSignal): Promise<void> {
    const { source, target, logger } = this.deps;
    this.relayedUpTo = await target.resume();
    logger.info({ position: this.relayedUpTo }, 'relaying the log');
    for await (const events of source.follow(this.relayedUpTo, signal)) {
      await target.publish(events, signal);
      if (signal.aborted) return;
      this.relayedUpTo = events.at(-1)?.position ?? this.relayedUpTo;
    }
  }
}
