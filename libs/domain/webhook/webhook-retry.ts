import type { JobId } from '../kernel/ids.ts';

export interface WebhookRetryRule {
  /** From the first failed attempt to the second; each wait is four times the one before. */
  readonly firstWaitMs: number;
  /** From the job's end until nothing is tried any more. */
  readonly giveUpAfterMs: number;
}

const GROWTH = 4;
/** Six hours: a receiver that is back after a night is told in the morning. */
const WAIT_MS_MAX = 21_600_000;
/** A fifth is added at most, so that many that failed together do not come together. */
const JITTER_MAX = 0.2;

/**
 * When a webhook that has failed is tried again, in milliseconds since the epoch.
 *
 * @returns `null` when its time is over
 */
export function nextAttemptMs(
  failed: {
    readonly jobId: JobId;
    readonly endedAtMs: number;
    readonly attempt: number;
    readonly atMs: number;
  },
  { firstWaitMs, giveUpAfterMs }: WebhookRetryRule,
): number | null {
  const { jobId, endedAtMs, attempt, atMs } = failed;
  const waitMs = Math.min(WAIT_MS_MAX, firstWaitMs * GROWTH ** (attempt - 1));
  const jitter = 1 + JITTER_MAX * fractionOf(`${jobId}.${attempt}`);
  const nextMs = atMs + Math.round(waitMs * jitter);
  return nextMs > endedAtMs + giveUpAfterMs ? null : nextMs;
}

/** From 0 to 1, spread evenly and the same for the same text: FNV-1a, mixed. */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
