import type { EventFilter } from './event-filter.ts';
import type { StoredEvent, StoredLog } from './stored-log.ts';

export interface GroupSettings {
  readonly matches: EventFilter;
  readonly maxRetryCount: number;
  readonly messageTimeoutMs: number;
}

export type NackAction = 'unknown' | 'park' | 'retry' | 'skip' | 'stop';

interface Offered {
  readonly event: StoredEvent;
  readonly retryCount: number;
}

interface InFlight extends Offered {
  readonly timer: NodeJS.Timeout;
}

/** One connected consumer: it holds at most `bufferSize` events that are not settled. */
export interface GroupConsumer {
  readonly bufferSize: number;
  send(event: StoredEvent, retryCount: number): void;
  end(): void;
}

/**
 * A persistent subscription to `$all`: shares events in turn, offers again what is not settled in
 * time or whose consumer has gone, and parks what was offered too often.
 */
export class SubscriptionGroup {
  readonly parked: StoredEvent[] = [];
  private readonly consumers = new Map<GroupConsumer, Map<string, InFlight>>();
  private again: Offered[] = [];
  private next = 0;
  private readonly stopListening: () => void;

  constructor(
    private readonly log: StoredLog,
    readonly settings: GroupSettings,
  ) {
    this.stopListening = log.onAppended(() => this.dispatch());
  }

  join(consumer: GroupConsumer): void {
    this.consumers.set(consumer, new Map());
    this.dispatch();
  }

  /** What the consumer held is offered again. */
  leave(consumer: GroupConsumer): void {
    const held = this.consumers.get(consumer);
    this.consumers.delete(consumer);
    for (const inFlight of held?.values() ?? []) this.offerAgain(inFlight);
    this.dispatch();
  }

  ack(consumer: GroupConsumer, ids: readonly string[]): void {
    for (const id of ids) this.take(consumer, id);
    this.dispatch();
  }

  nack(consumer: GroupConsumer, action: NackAction, ids: readonly string[]): void {
    for (const id of ids) {
      const inFlight = this.take(consumer, id);
      if (inFlight === null) continue;
      if (action === 'retry') this.offerAgain(inFlight);
      if (action === 'park') this.parked.push(inFlight.event);
    }
    if (action === 'stop') consumer.end();
    this.dispatch();
  }

  /** As after a restart of the server: everything from the oldest unsettled event on is offered again. */
  resume(): void {
    const open = [...this.consumers.values()].flatMap((held) => [...held.values()]);
    const unsettled = [...open, ...this.again].map(({ event }) => this.log.all.indexOf(event));
    this.next = Math.min(this.next, ...unsettled);
    for (const { timer } of open) clearTimeout(timer);
    for (const consumer of this.consumers.keys()) consumer.end();
    this.consumers.clear();
    this.again = [];
  }

  close(): void {
    this.resume();
    this.stopListening();
  }

  private take(consumer: GroupConsumer, id: string): InFlight | null {
    const held = this.consumers.get(consumer);
    const inFlight = held?.get(id) ?? null;
    held?.delete(id);
    if (inFlight !== null) clearTimeout(inFlight.timer);
    return inFlight;
  }

  private offerAgain({ event, retryCount, timer }: InFlight): void {
    clearTimeout(timer);
    if (retryCount >= this.settings.maxRetryCount) this.parked.push(event);
    else this.again.push({ event, retryCount: retryCount + 1 });
  }

  private dispatch(): void {
    for (;;) {
      const found = [...this.consumers].find(([{ bufferSize }, held]) => held.size < bufferSize);
      if (found === undefined) return;
      const offered = this.again.shift() ?? this.nextOfLog();
      if (offered === null) return;
      const [consumer, held] = found;
      this.consumers.delete(consumer); // To the end of the line: in turn.
      this.consumers.set(consumer, held);
      const timer = setTimeout(
        () => this.nack(consumer, 'retry', [offered.event.id]),
        this.settings.messageTimeoutMs,
      ).unref();
      held.set(offered.event.id, { ...offered, timer });
      consumer.send(offered.event, offered.retryCount);
    }
  }

  private nextOfLog(): Offered | null {
    while (this.next < this.log.all.length) {
      const event = this.log.all[this.next++];
      if (event !== undefined && this.settings.matches(event)) return { event, retryCount: 0 };
    }
    return null;
  }
}
