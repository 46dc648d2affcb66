import type { Position } from '#libs/domain/platform-event.ts';
import { ChangeSignal } from './change-signal.ts';

/** One event in the hands of one member; a lease that ran out leaves a stale one behind. */
export interface LeasedPosition {
  readonly position: Position;
  renew(): void;
  done(): void;
  retry(delayMs: number): void;
}

/** Who has which event of a group, and which are to be offered again. */
export class InMemoryLifecycleGroup {
  readonly offers = new ChangeSignal();
  private takenUpTo: Position = 0;
  private readonly again: Position[] = [];
  private readonly timers = new Map<Position, NodeJS.Timeout>();

  /** Leases the next of `positions`, which are in log order; `null` when there is none to offer. */
  take(positions: readonly Position[], leaseMs: number): LeasedPosition | null {
    const next = this.again.shift() ?? positions.find((position) => position > this.takenUpTo);
    if (next === undefined) return null;
    this.takenUpTo = Math.max(this.takenUpTo, next);
    let lease = this.offerAfter(next, leaseMs);
    const isHeld = (): boolean => this.timers.get(next) === lease;
    return {
      position: next,
      renew: () => {
        if (isHeld()) lease = this.offerAfter(next, leaseMs);
      },
      done: () => {
        clearTimeout(this.timers.get(next)); // Like the real one, even when the lease has run out.
        this.timers.delete(next);
        const at = this.again.indexOf(next);
        if (at !== -1) this.again.splice(at, 1);
      },
      retry: (delayMs) => {
        if (isHeld()) lease = this.offerAfter(next, delayMs);
      },
    };
  }

  private offerAfter(position: Position, delayMs: number): NodeJS.Timeout {
    clearTimeout(this.timers.get(position));
    const timer = setTimeout(() => {
      this.timers.delete(position);
      this.again.push(position);
      this.offers.changed();
    }, delayMs).unref();
    this.timers.set(position, timer);
    return timer;
  }
}
