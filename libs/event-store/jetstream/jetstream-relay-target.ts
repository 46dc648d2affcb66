import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Position } from '#libs/domain/platform-event.ts';
import { encodeBinary } from '#libs/messaging/cloudevents/nats-binding.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { declareTogether } from '#libs/platform/nats/declare-together.ts';
import {
  type OutgoingMessage,
  PipelinedPublisher,
  type PublishAck,
} from '#libs/platform/nats/pipelined-publisher.ts';
import { pause } from '#libs/platform/pause.ts';
import type { RelayedEvent, RelayTarget } from '../log-relay.ts';
import { declareEventStream, EVENT_STREAM } from './event-stream.ts';
import { getMessage } from './read-lane.ts';
import { headerOf } from './stored-message.ts';

/** Where an event stands in the log that it was relayed from. */
export const LOG_POSITION = 'Cortex-Log-Position';
const EXPECTED_LAST = 'Nats-Expected-Last-Sequence';
const BUCKET = 'CORTEX_RELAY';
const KEY = 'position';
/** How many messages are published before their acknowledgements are looked at. */
const WINDOW_COUNT = 512;
const RETRY_MS = 250;
const NOTE_EVERY_MS = 1000;

/** How far the copy goes: the newest event in it, and the stream's last sequence. */
interface Progress {
  readonly position: Position;
  readonly sequence: number;
}

/**
 * The stream `CORTEX_EVENTS` as a copy of a log that is kept elsewhere.
 *
 * Each message says which sequence it follows, so the server takes it only at its place: a message that
 * was stored without our hearing of it, or that another relay published, is not published again. Each
 * carries its position in the log, so the stream says itself how far it goes; that is also noted in a
 * bucket now and then, for streams whose messages an operator lets expire.
 */
export class JetStreamRelayTarget implements RelayTarget {
  private readonly publisher: PipelinedPublisher;
  private progress: Progress = { position: 0, sequence: 0 };
  private notedAtMs = -Infinity;

  private constructor(
    connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly notes: KV,
    private readonly access: { readonly connection: NatsConnection; readonly logger: Logger },
  ) {
    this.publisher = new PipelinedPublisher(connection);
  }

  /** Declares the stream, and the bucket. The target does not close the connection. */
  static async open(
    connection: NatsConnection,
    { logger }: { readonly logger: Logger },
  ): Promise<JetStreamRelayTarget> {
    const manager = await jetstreamManager(connection);
    await declareEventStream(manager);
    const notes = await declareTogether(() => new Kvm(connection).create(BUCKET, { history: 1 }));
    return new JetStreamRelayTarget(connection, manager, notes, { connection, logger });
  }

  async resume(): Promise<Position> {
    const noted = await this.noted();
    const { state } = await this.manager.streams.info(EVENT_STREAM);
    let position = noted?.position ?? 0;
    // Without a note nothing was relayed yet: only the newest message could tell otherwise.
    const lowest = noted?.sequence ?? Math.max(0, state.last_seq - 1);
    for (let sequence = state.last_seq; sequence > lowest; sequence--) {
      const found = await this.positionAt(sequence);
      if (found === null) continue; // Somebody else published it, or it is not kept any more.
      position = Math.max(position, found);
      break;
    }
    this.progress = { position, sequence: state.last_seq };
    await this.note();
    return position;
  }

  async publish(events: readonly RelayedEvent[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const window = events
        .filter(({ position }) => position > this.progress.position)
        .slice(0, WINDOW_COUNT);
      if (window.length === 0) return;
      try {
        const isInterrupted = await this.publishWindow(window);
        if (isInterrupted) {
          await pause(RETRY_MS, signal);
          await this.resume();
        } else if (performance.now() - this.notedAtMs > NOTE_EVERY_MS) {
          await this.note();
        }
      } catch (error) {
        this.access.logger.warn({ err: error }, 'cannot publish the log, will retry');
        await pause(RETRY_MS, signal);
      }
    }
  }

  close(): void {
    this.publisher.close();
  }

  /** @returns whether how far the stream goes is not known any more */
  private async publishWindow(window: readonly RelayedEvent[]): Promise<boolean> {
    const { sequence } = this.progress;
    const outcomes = await Promise.allSettled(
      window.map((event, n) => this.publisher.publish(messageOf(event, sequence + n))),
    );
    for (const [n, outcome] of outcomes.entries()) {
      const position = window[n]?.position ?? 0;
      if (outcome.status === 'rejected') {
        this.access.logger.warn(
          { err: outcome.reason, position },
          'event not published, will look',
        );
        return true;
      }
      const isInPlace = this.advance(position, outcome.value);
      if (!isInPlace) return false; // What follows was sent for a place that is one too far.
    }
    return false;
  }

  /**
   * An event that the log holds twice is in the stream already, further up, and so is no message of
   * its own; its answer says where it is.
   */
  private advance(position: Position, { seq }: PublishAck): boolean {
    const isInPlace = seq === this.progress.sequence + 1;
    this.progress = { position, sequence: isInPlace ? seq : this.progress.sequence };
    return isInPlace;
  }

  private async positionAt(sequence: number): Promise<Position | null> {
    const message = await getMessage({ ...this.access, manager: this.manager }, { seq: sequence });
    const text = message === null ? null : headerOf(message.headerText, LOG_POSITION);
    return text === null ? null : Number(text);
  }

  private async note(): Promise<void> {
    await this.notes.put(KEY, JSON.stringify(this.progress));
    this.notedAtMs = performance.now();
  }

  private async noted(): Promise<Progress | null> {
    const entry = await this.notes.get(KEY);
    return entry?.operation === 'PUT' ? entry.json<Progress>() : null;
  }
}

function messageOf(
  { position, subject, cloudEvent }: RelayedEvent,
  expectedLast: number,
): OutgoingMessage {
  const { headers: attributes, payload } = encodeBinary(cloudEvent);
  const natsHeaders = headers();
  for (const [name, value] of attributes) natsHeaders.append(name, value);
  natsHeaders.append('Nats-Msg-Id', cloudEvent.id);
  natsHeaders.append(LOG_POSITION, String(position));
  natsHeaders.append(EXPECTED_LAST, String(expectedLast));
  return { subject, payload, headers: natsHeaders };
}
