import type { Position } from '#libs/domain/platform-event.ts';
import { subjectOf } from '../lane.ts';
import type { RelayedEvent, RelaySource } from '../log-relay.ts';
import { followRecords } from './follow-records.ts';
import { KurrentConnection, type KurrentOptions } from './kurrent-connection.ts';
import { lastOfLog } from './read-records.ts';
import { cloudEventIn, type StoredRecord } from './stored-record.ts';

/** The log in KurrentDB as CloudEvents: the very bytes of each, whatever version wrote them. */
export class KurrentDbRelaySource implements RelaySource {
  private constructor(private readonly connection: KurrentConnection) {}

  /** @throws EventStoreUnavailable when the server does not answer */
  static async open(url: string, options: KurrentOptions): Promise<KurrentDbRelaySource> {
    const source = new KurrentDbRelaySource(new KurrentConnection(url, options));
    await source.lastPosition();
    return source;
  }

  async *follow(after: Position, signal: AbortSignal): AsyncGenerator<readonly RelayedEvent[]> {
    const place = { after, prefixes: [this.connection.names.prefix] };
    for await (const records of followRecords(this.connection, place, signal)) {
      yield records.flatMap((record) => this.relayed(record));
    }
  }

  async lastPosition(): Promise<Position> {
    return (await lastOfLog(this.connection))?.position ?? 0;
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private relayed(record: StoredRecord): readonly RelayedEvent[] {
    const { position, stream } = record;
    const lane = this.connection.names.laneOf(stream);
    if (lane === null) {
      this.connection.logger.warn({ position, stream }, 'not relayed: the stream is of no lane');
      return [];
    }
    return [{ position, subject: subjectOf(lane), cloudEvent: cloudEventIn(record, lane) }];
  }
}
