import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { Position } from '#libs/domain/platform-event.ts';
import { encodeBinary, type HeaderList } from '#libs/messaging/cloudevents/nats-binding.ts';
import type {
  OutgoingMessage,
  PipelinedPublisher,
} from '#libs/platform/nats/pipelined-publisher.ts';
import { EventStoreUnavailable, RestoreRefused } from '../event-store.port.ts';
import { laneKindOf, SUBJECT_PREFIX } from '../lane.ts';
import { FOREIGN_TYPE, foreignHeaders, type StoredEvent } from '../stored-event.ts';
import { STORED_AT } from './event-envelope.ts';
import { EVENT_STREAM } from './event-stream.ts';
import { EXPECTED_SEQUENCE } from './read-lane.ts';
import type { StreamAccess } from './read-messages.ts';

const EXPECTED_LAST = 'Nats-Expected-Last-Sequence';
/** What keeps the place of a message that the log does not have any more, until all are there. */
const GAP_SUBJECT = `${SUBJECT_PREFIX}_log.gap`;
/** A server stores some 50,000 small messages a second. */
const GAP_COUNT_MAX = 10_000_000;
const WINDOW_COUNT = 512;
/** Lanes that are read backwards, by what each message says that it follows. */
const DECIDED: ReadonlySet<string | null> = new Set([
  'job',
  'api',
  'idempotency-key',
  'audit',
  'archive',
]);

/** A stream counts its messages without gaps, so gaps are filled, and emptied at the end. */
export async function restoreMessages(
  { manager }: StreamAccess,
  publisher: PipelinedPublisher,
  events: AsyncIterable<StoredEvent>,
): Promise<void> {
  const { state } = await manager.streams.info(EVENT_STREAM);
  if (state.last_seq > 0) {
    throw new RestoreRefused(
      `the log is not empty: it has come to position ${state.last_seq}; import into an empty one`,
    );
  }
  const writer = new SequencedWriter(publisher);
  for await (const event of events) await writer.write(event);
  await writer.flush();
  if (writer.gapCount > 0) await manager.streams.purge(EVENT_STREAM, { filter: GAP_SUBJECT });
}

class SequencedWriter {
  gapCount = 0;
  private next: Position = 1;
  private readonly lasts = new Map<string, Position>();
  private window: OutgoingMessage[] = [];

  constructor(private readonly publisher: PipelinedPublisher) {}

  async write(event: StoredEvent): Promise<void> {
    if (event.position < this.next) {
      throw new RestoreRefused(`position ${event.position} stands behind ${this.next - 1}`);
    }
    this.gapCount += event.position - this.next;
    if (this.gapCount > GAP_COUNT_MAX) {
      throw new RestoreRefused(
        `up to position ${event.position} nothing stands at ${this.gapCount} positions, which are more ` +
          'than can be kept free; a log of KurrentDB cannot be imported',
      );
    }
    while (this.next < event.position) {
      await this.send(GAP_SUBJECT, new Uint8Array(0), headers());
    }
    const own = headers();
    for (const [name, value] of headersOf(event)) own.append(name, value);
    own.set(STORED_AT, event.storedAt);
    if (DECIDED.has(laneKindOf(event.subject))) {
      own.set(EXPECTED_SEQUENCE, String(this.lasts.get(event.subject) ?? 0));
      this.lasts.set(event.subject, event.position);
    }
    await this.send(event.subject, event.cloudEvent.data, own);
  }

  async flush(): Promise<void> {
    const [failed] = await this.publisher.publishEach(this.window);
    this.window = [];
    if (failed === undefined) return;
    const problem = `the import broke off before position ${this.next}; import again into an empty log`;
    throw new EventStoreUnavailable(problem, { cause: failed.error });
  }

  private async send(subject: string, payload: Uint8Array, own: MsgHdrs): Promise<void> {
    own.set(EXPECTED_LAST, String(this.next - 1));
    this.next += 1;
    this.window.push({ subject, payload, headers: own });
    if (this.window.length >= WINDOW_COUNT) await this.flush();
  }
}

const headersOf = ({ cloudEvent }: StoredEvent): HeaderList =>
  cloudEvent.type === FOREIGN_TYPE ? foreignHeaders(cloudEvent) : encodeBinary(cloudEvent).headers;
