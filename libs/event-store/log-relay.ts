import type { Position } from '#libs/domain/platform-event.ts';
import type { CloudEvent } from '#libs/messaging/cloudevents/cloud-event.ts';

/** An event of the log as integrations see it. */
export interface RelayedEvent {
  /** In the log that it comes from. */
  readonly position: Position;
  /** Of NATS, where its lane is published. */
  readonly subject: string;
  readonly cloudEvent: CloudEvent;
}

/** A log that is kept somewhere else than in NATS. */
export interface RelaySource {
  /**
   * The events behind `after` in order, readable to this version or not, in groups. Survives restarts
   * of the store. Ends when `signal` aborts.
   */
  follow(after: Position, signal: AbortSignal): AsyncIterable<readonly RelayedEvent[]>;
  lastPosition(): Promise<Position>;
}

/** The copy of such a log in NATS. */
export interface RelayTarget {
  /** Position of the newest event that was published, by whomever. */
  resume(): Promise<Position>;
  /**
   * Publishes events in order, each once, also when this was interrupted before or another relay is at
   * it. Tries again for as long as it takes; returns early when `signal` aborts.
   */
  publish(events: readonly RelayedEvent[], signal: AbortSignal): Promise<void>;
}
