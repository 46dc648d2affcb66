import { pause } from '#libs/platform/pause.ts';

const FIRST_MS = 50;
/** By then a throttled queue has had time for some thousand requests. */
const MAX_MS = 5000;

export interface BackoffOptions {
  /** The longest pause. */
  readonly maxMs?: number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * Pauses that double, each cut short by a random share, so that clients that were turned away
 * together do not come back together.
 */
export class Backoff {
  private readonly maxMs: number;
  private readonly random: () => number;
  private ceilingMs = FIRST_MS;

  constructor({ maxMs = MAX_MS, random = Math.random }: BackoffOptions = {}) {
    this.maxMs = maxMs;
    this.random = random;
  }

  /** @returns a pause between half of the ceiling and all of it */
  nextMs(): number {
    const ms = this.ceilingMs * (0.5 + this.random() / 2);
    this.ceilingMs = Math.min(this.ceilingMs * 2, this.maxMs);
    return ms;
  }

  wait(signal?: AbortSignal): Promise<void> {
    return pause(this.nextMs(), signal);
  }

  /** It went well: the next pause is the shortest again. */
  reset(): void {
    this.ceilingMs = FIRST_MS;
  }
}
