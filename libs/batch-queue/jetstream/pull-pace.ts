import { pause } from '#libs/platform/pause.ts';

/** What a server says of a job's batches. */
export interface Backlog {
  /** Never handed out. */
  readonly pendingCount: number;
  /** Handed out and not settled. */
  readonly leasedCount: number;
  /** Of these, offered more than once. */
  readonly redeliveredCount: number;
  /** Pull requests that wait. */
  readonly waitingCount: number;
}

/** As long as a worker waits at a time. */
export const PULL_MS_MAX = 5000;
/**
 * A server of 2.9 that offers a batch again just when all requests ran out puts it off for another lease, and
 * counts it as handed out: so not too often.
 */
const PULL_MS_MIN = 20;
/** Which part of a lease it may take to pass over everything that was removed. */
const LEASE_PART = 0.25;
/** Nobody waits longer for an answer; until it comes the pace stays what it was. */
const LOOK_MS_MAX = 250;

/**
 * How long a pull request may wait for its first batch.
 *
 * A server writes a consumer's state ten times a second. Killed, it forgets the last
 * acknowledgements, but not that it removed their messages. One of 2.9 takes these for leased and
 * offers them with every lease, in vain, before anything else; each uses up one pull request of
 * somebody. How many they are it does not say. They are leased, and redelivered once they were
 * offered; but so may be batches that somebody works on, or that wait to be tried again.
 */
export class PullPace {
  private waitMs = PULL_MS_MAX;
  private looking: Promise<void> | null = null;

  /** @param backlog `null` when the job has no queue */
  constructor(
    private readonly leaseMs: number,
    private readonly backlog: () => Promise<Backlog | null>,
  ) {}

  /** In whole milliseconds. */
  get pullMs(): number {
    return this.waitMs;
  }

  /** A request brought nothing: looks why, and sets the pace of the next. Never fails. */
  async adjust(): Promise<void> {
    this.looking ??= this.look().finally(() => (this.looking = null));
    await Promise.race([this.looking, pause(LOOK_MS_MAX)]);
  }

  private async look(): Promise<void> {
    try {
      const backlog = await this.backlog();
      if (backlog !== null) this.waitMs = pullMsOf(backlog, this.leaseMs);
    } catch {
      // Not to be reached: the next request will be, or finds out as well.
    }
  }
}

function pullMsOf(backlog: Backlog, leaseMs: number): number {
  const { pendingCount, leasedCount, redeliveredCount, waitingCount } = backlog;
  const removedCountMax = pendingCount > 0 ? leasedCount : redeliveredCount;
  if (removedCountMax === 0) return PULL_MS_MAX;
  // Those who wait take turns: any request of any of them passes over one.
  const pullMs = (leaseMs * LEASE_PART * (waitingCount + 1)) / removedCountMax;
  return Math.ceil(Math.min(Math.max(pullMs, PULL_MS_MIN), PULL_MS_MAX));
}
