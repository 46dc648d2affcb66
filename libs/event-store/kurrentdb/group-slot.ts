import type {
  KurrentDBClient,
  PersistentSubscriptionToAll,
  PersistentSubscriptionToAllResolvedEvent,
} from '@kurrent/kurrentdb-client';
import { answerOf } from './kurrent-connection.ts';

export type SlotEvent = PersistentSubscriptionToAllResolvedEvent;

export interface SlotListeners {
  onEvent(event: SlotEvent): void;
  /** The slot takes no more events; what it held is offered to the group again. */
  onLost(error: Error): void;
}

/** One subscription to a group that holds one event at a time. */
export class GroupSlot {
  private readonly subscription: PersistentSubscriptionToAll;
  private isGone = false;

  constructor(client: KurrentDBClient, group: string, listeners: SlotListeners) {
    this.subscription = client.subscribeToPersistentSubscriptionToAll(group, { bufferSize: 1 });
    const lose = (error: Error): void => {
      if (this.isGone) return;
      this.isGone = true;
      listeners.onLost(error);
    };
    this.subscription.on('data', (event: SlotEvent) => {
      if (!this.isGone) listeners.onEvent(event);
    });
    this.subscription.on('error', lose);
    for (const event of ['end', 'close']) {
      this.subscription.on(event, () => lose(new Error(`the subscription to ${group} ended`)));
    }
  }

  get isLost(): boolean {
    return this.isGone;
  }

  /** Whether it arrives is not said: an event whose settling got lost is offered again. */
  async ack(event: SlotEvent): Promise<void> {
    await answerOf(this.subscription.ack(event));
  }

  /** Sets the event aside, in the group's parked messages: an operator may have it offered again. */
  async park(event: SlotEvent, reason: string): Promise<void> {
    await answerOf(this.subscription.nack('park', reason, event));
  }

  /** The server offers what the slot holds to the group again, at once. */
  close(): void {
    this.isGone = true;
    this.subscription.unsubscribe().catch(() => {}); // It was never subscribed.
  }
}
