import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeaderLease } from './leader-lease.port.ts';

export interface OpenedLeases {
  /** One more candidate for the same lease. */
  readonly candidate: () => Promise<LeaderLease>;
  close(): Promise<void>;
}

/** What every `LeaderLease` must do. `open` gives a lease that nobody holds. */
export function leaderLeaseContract(open: () => Promise<OpenedLeases>): void {
  describe('LeaderLease contract', () => {
    let leases: OpenedLeases;
    let candidates: AbortController[];

    beforeEach(async () => {
      candidates = [];
      leases = await open();
    });
    afterEach(async () => {
      for (const candidate of candidates) candidate.abort();
      await leases.close();
    });

    const stand = async (): Promise<{ stop: AbortController; held: Promise<AbortSignal> }> => {
      const stop = new AbortController();
      candidates.push(stop);
      const lease = await leases.candidate();
      const held = lease.acquire(stop.signal);
      held.catch(() => {}); // A candidate that is told to stop rejects.
      return { stop, held };
    };

    it('is taken at once when nobody holds it', async () => {
      const { held } = await stand();
      expect((await held).aborted).toBe(false);
    });

    it('has exactly one holder among many candidates', async () => {
      const standing = await Promise.all(Array.from({ length: 5 }, stand));
      let holderCount = 0;
      for (const { held } of standing) held.then(() => holderCount++).catch(() => {});
      await Promise.race(standing.map(({ held }) => held));
      for (const { stop } of standing) stop.abort();
      await Promise.allSettled(standing.map(({ held }) => held));
      expect(holderCount).toBe(1);
    });

    it('passes to a standby when its holder gives it up', async () => {
      const first = await stand();
      const lost = await first.held;
      const second = await stand();
      first.stop.abort();
      expect(lost.aborted).toBe(true);
      expect((await second.held).aborted).toBe(false);
    });

    it('is never held by two, however often it passes on', async () => {
      let holderCount = 0;
      let holderCountMax = 0;
      const standing = await Promise.all(Array.from({ length: 4 }, stand));
      await Promise.all(
        standing.map(async ({ stop, held }) => {
          await held;
          holderCountMax = Math.max(holderCountMax, ++holderCount);
          await new Promise((resolve) => setTimeout(resolve, 20)); // Time for another to get in.
          holderCount--;
          stop.abort();
        }),
      );
      expect(holderCountMax).toBe(1);
    });

    it('rejects a candidate that stops before it holds the lease', async () => {
      await (
        await stand()
      ).held;
      const { stop, held } = await stand();
      stop.abort();
      await expect(held).rejects.toThrow();
    });

    it('rejects a candidate that has stopped already', async () => {
      const lease = await leases.candidate();
      await expect(lease.acquire(AbortSignal.abort())).rejects.toThrow();
      expect((await (await stand()).held).aborted).toBe(false);
    });
  });
}
