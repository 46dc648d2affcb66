import type { Position } from '#libs/domain/platform-event.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import { pause } from '#libs/platform/pause.ts';
import { CoalescedCall } from './coalesced-call.ts';

const LOOK_EVERY_MS = 1000;
/** Whoever asks how far behind a follower is must be told, also when the log does not say how long it is. */
const LOOK_MS_MAX = 500;
/** A follower that is behind for a quarter of an hour is known to the second, longer more roughly. */
const ENDS_MAX = 1000;

export interface Lag {
  /** From the follower's position to the log's; `null` while the log has not said how long it is. */
  readonly events: number | null;
  /** At most so old is the oldest event that was not taken yet; 0 when there is none. */
  readonly ms: number;
}

/** Whose lag it is. */
export interface Following {
  readonly position: Position;
  /** When the newest event that was taken since the start was recorded; RFC 3339. */
  readonly newestAt: string | null;
}

/** Whatever was recorded before `atMs` is at or before `position`. */
interface LogEnd {
  readonly position: Position;
  readonly atMs: number;
}

/**
 * How far a follower is behind its log.
 *
 * It looks at the end of the log now and then, and remembers. What the follower has not taken is
 * younger than the newest end that it has reached, and younger than the newest event it has taken.
 */
export class ViewLag {
  /** Oldest first; of those that were reached only the newest. */
  private ends: LogEnd[] = [];
  private readonly startedAtMs: number;
  private readonly look: CoalescedCall<void>;

  constructor(
    private readonly following: Following,
    private readonly store: Pick<EventStore, 'lastPosition'>,
    private readonly clock: Clock,
  ) {
    this.startedAtMs = this.nowMs;
    this.look = new CoalescedCall(() => this.lookAtEnd());
  }

  /** Looks every second until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.lookInTime();
      await pause(LOOK_EVERY_MS, signal);
    }
  }

  /** Answers within half a second, whether the log does or not. */
  async measure(): Promise<Lag> {
    const hasLooked = await this.lookInTime();
    this.forgetReached();
    const end = this.ends.at(-1);
    if (end === undefined) return { events: null, ms: this.nowMs - this.startedAtMs };
    const events = Math.max(0, end.position - this.following.position);
    if (events === 0 && hasLooked) return { events, ms: 0 };
    return { events, ms: Math.max(0, this.nowMs - this.takenUntilMs) };
  }

  /** Everything that was recorded before then was taken. */
  private get takenUntilMs(): number {
    const { position, newestAt } = this.following;
    const reached = this.ends.find((end) => end.position <= position)?.atMs;
    const newest = newestAt === null ? undefined : Date.parse(newestAt);
    if (reached === undefined && newest === undefined) return this.startedAtMs;
    return Math.max(reached ?? -Infinity, newest ?? -Infinity);
  }

  /** @returns whether the log has answered in time */
  private async lookInTime(): Promise<boolean> {
    const answered = new AbortController();
    const looking = this.look.run().then(
      () => true,
      () => false,
    );
    const outOfTime = pause(LOOK_MS_MAX, answered.signal).then(() => false);
    const hasLooked = await Promise.race([looking, outOfTime]);
    answered.abort();
    return hasLooked;
  }

  private async lookAtEnd(): Promise<void> {
    const atMs = this.nowMs;
    const position = await this.store.lastPosition();
    this.ends.push({ position, atMs });
    this.forgetReached();
    if (this.ends.length > ENDS_MAX) this.ends = this.ends.filter((_, place) => place % 2 === 0);
  }

  private forgetReached(): void {
    const { position } = this.following;
    const newest = this.ends.findLastIndex((end) => end.position <= position);
    if (newest > 0) this.ends.splice(0, newest);
  }

  private get nowMs(): number {
    return this.clock().getTime();
  }
}
