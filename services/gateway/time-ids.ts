import { randomInt } from 'node:crypto';
import type { Clock } from '#libs/platform/clock.ts';

const LARGEST = 2n ** 63n - 1n;
const NS_PER_MS = 1_000_000;

/**
 * Makes ids of 16 hex digits that sort newest first: 2^63 - 1 minus the time in nanoseconds.
 *
 * The clock counts milliseconds; the nanoseconds below are random, so that several gateways do not
 * meet. Within one process each id is smaller than the one before it, whatever the clock does.
 */
export class TimeIds {
  private lastNs = 0n;

  constructor(private readonly clock: Clock) {}

  next(): string {
    const nowNs = BigInt(this.clock().getTime()) * BigInt(NS_PER_MS) + BigInt(randomInt(NS_PER_MS));
    this.lastNs = nowNs > this.lastNs ? nowNs : this.lastNs + 1n;
    return (LARGEST - this.lastNs).toString(16).padStart(16, '0');
  }
}
