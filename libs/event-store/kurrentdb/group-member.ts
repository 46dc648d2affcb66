import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { GroupSlot, type SlotEvent } from './group-slot.ts';

/** How long a slot without work is kept for whoever comes back for the next event at once. */
const LINGER_MS = 100;

/** An event and the slot that holds it. */
export interface HeldEvent {
  readonly slot: GroupSlot;
  readonly event: SlotEvent;
}

/** What `next` came back with: `closed` after `close`, an error when the group may be gone. */
export type NextEvent = HeldEvent | Error | 'closed';

/**
 * One member of a group of readers that share a persistent subscription.
 *
 * KurrentDB pushes events to whoever is subscribed, as many as he may hold at a time. So that no event
 * lies here while another member has nothing to do, each event in hand has a subscription of
 * its own, which may hold one: a slot. There are as many as there are events in hand, and one
 * more while somebody waits for the next.
 */
export class GroupMember {
  private readonly free = new Set<GroupSlot>();
  private readonly arrived: HeldEvent[] = [];
  private answer: ((next: NextEvent) => void) | null = null;
  private isClosed = false;

  constructor(private readonly group: string) {}

  /** Waits for the next event. One call at a time. */
  next(client: KurrentDBClient): Promise<NextEvent> {
    return new Promise((resolve) => {
      if (this.isClosed) return resolve('closed');
      const held = this.arrived.shift();
      if (held !== undefined) return resolve(held);
      this.answer = resolve;
      if (this.free.size === 0) this.open(client);
    });
  }

  /** The event in the slot's hand is settled, and the slot may take another. */
  settled(slot: GroupSlot): void {
    if (this.isClosed || slot.isLost) return slot.close();
    this.free.add(slot);
    if (this.answer === null) this.closeSoon(slot);
  }

  /** Events in hand stay with their slots until they are settled. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const slot of this.free) slot.close();
    for (const { slot } of this.arrived) slot.close();
    this.give('closed');
  }

  private open(client: KurrentDBClient): void {
    const slot = new GroupSlot(client, this.group, {
      onEvent: (event) => this.receive({ slot, event }),
      onLost: (error) => this.lose(slot, error),
    });
    this.free.add(slot);
  }

  private receive(held: HeldEvent): void {
    this.free.delete(held.slot);
    if (this.answer !== null) return this.give(held);
    this.arrived.push(held);
    this.closeSoon(held.slot);
  }

  private lose(slot: GroupSlot, error: Error): void {
    this.free.delete(slot);
    this.drop(slot);
    if (this.free.size === 0) this.give(error);
  }

  /** Closing a slot gives the event that it may have been sent meanwhile back to the group. */
  private closeSoon(slot: GroupSlot): void {
    setTimeout(() => {
      const isUnused = this.free.delete(slot) ? this.answer === null : this.drop(slot);
      if (isUnused) slot.close();
      else if (!slot.isLost && this.answer !== null) this.free.add(slot);
    }, LINGER_MS).unref();
  }

  private drop(slot: GroupSlot): boolean {
    const at = this.arrived.findIndex((held) => held.slot === slot);
    if (at !== -1) this.arrived.splice(at, 1);
    return at !== -1;
  }

  private give(next: NextEvent): void {
    const answer = this.answer;
    this.answer = null;
    answer?.(next);
  }
}
