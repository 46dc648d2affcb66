import type { LeasedBatch } from '../batch-queue.port.ts';
import type { Delivery } from './delivery.ts';

/**
 * A delivered message, and whether it is still ours to settle.
 *
 * The server takes an acknowledgement for whoever holds the message now, so it is on us not to
 * settle what another worker may have. Times are of `performance.now()`: a changed wall clock does
 * not make a lease longer.
 */
export class JetStreamLease implements LeasedBatch {
  readonly index: number;
  readonly attempt: number;
  readonly payload: Uint8Array;
  readonly ackSubject: string;
  private settled = false;

  constructor(
    { index, attempt, payload, ackSubject }: Delivery,
    private endsAt: number,
  ) {
    this.index = index;
    this.attempt = attempt;
    this.payload = payload;
    this.ackSubject = ackSubject;
  }

  isHeld(now: number): boolean {
    return !this.settled && now < this.endsAt;
  }

  renew(endsAt: number): void {
    this.endsAt = endsAt;
  }

  settle(): void {
    this.settled = true;
  }
}
