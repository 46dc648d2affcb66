/**
 * At most one holder at a time, as far as clocks allow: a holder that was paused past the lease's
 * end may not know that it has lost it. What a holder does must therefore be safe to do twice.
 */
export interface LeaderLease {
  /**
   * Waits until this candidate holds the lease, then renews it until `signal` aborts.
   *
   * @returns a signal that aborts when the lease is lost or given up; rejects when `signal` aborts first
   */
  acquire(signal: AbortSignal): Promise<AbortSignal>;
}
