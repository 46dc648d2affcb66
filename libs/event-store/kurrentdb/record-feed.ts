import {
  type AllStreamSubscription,
  type KurrentDBClient,
  type ResolvedEvent,
  START,
  streamNameFilter,
} from '@kurrent/kurrentdb-client';
import type { Position } from '#libs/domain/platform-event.ts';
import { type StoredRecord, storedRecord } from './stored-record.ts';

/** Records that may lie here before the subscription is held up. */
const AHEAD_COUNT_MAX = 4096;
/** Of other people's events the server says now and then how far it has looked: 32 x this many. */
const CHECKPOINT_INTERVAL = 100;

/** What is wanted of `$all`. */
export interface FollowedStreams {
  readonly after: Position;
  /** First characters of the streams' names. */
  readonly prefixes: readonly string[];
}

/**
 * The records of all our streams in order, by one subscription to `$all`, until anything goes wrong.
 *
 * It does not repair itself: the reader opens another one behind the last record it has.
 */
export class RecordFeed {
  private arrived: StoredRecord[] = [];
  private isBroken = false;
  private wake: () => void = () => {};
  private readonly subscription: AllStreamSubscription;
  /** Why it broke; `null` while it has not, or when it was closed or ended by the server. */
  failure: Error | null = null;

  constructor(client: KurrentDBClient, { after, prefixes }: FollowedStreams) {
    this.subscription = client.subscribeToAll({
      fromPosition: after === 0 ? START : { commit: BigInt(after), prepare: BigInt(after) }, // Behind it.
      filter: streamNameFilter({
        prefixes: [...prefixes],
        checkpointInterval: CHECKPOINT_INTERVAL,
      }),
    });
    this.subscription.on('data', (event: ResolvedEvent) => this.receive(event));
    this.subscription.on('error', (error: Error) => this.break(error));
    this.subscription.on('end', () => this.break(null));
    this.subscription.on('close', () => this.break(null));
  }

  /** Waits for records and takes all that have arrived; `null` once the feed is broken or closed. */
  async take(): Promise<readonly StoredRecord[] | null> {
    while (this.arrived.length === 0) {
      if (this.isBroken) return null;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const taken = this.arrived;
    this.arrived = [];
    this.subscription.resume();
    return taken;
  }

  close(): void {
    if (!this.isBroken) this.break(null);
    this.subscription.unsubscribe().catch(() => {}); // It was never subscribed.
  }

  private receive(event: ResolvedEvent): void {
    if (this.isBroken) return;
    const record = storedRecord(event);
    if (record !== null) this.arrived.push(record);
    if (this.arrived.length >= AHEAD_COUNT_MAX) this.subscription.pause();
    this.wake();
  }

  private break(failure: Error | null): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.failure = failure;
    this.wake();
  }
}
