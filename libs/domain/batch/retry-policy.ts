import type { Reason } from '../job/job.events.ts';
import type { BatchFailed } from './batch.events.ts';

const DELAY_MS_MIN = 1000;
const DELAY_MS_MAX = 60_000;

/** What becomes of a batch after an attempt failed. */
export type Verdict =
  | { readonly next: Extract<BatchFailed['data']['next'], 'retry'>; readonly delayMs: number }
  | { readonly next: Extract<BatchFailed['data']['next'], 'fail' | 'dead-letter'> };

/**
 * What to do after `attempt` (from 1) has failed.
 *
 * Without a dead-letter queue (`receiveCountMax` null) a failed batch has failed at once, as the
 * original platform documents. With one it is offered again until it was handed out
 * `receiveCountMax` times: after 1 s, 2 s, 4 s, … at most 60 s.
 */
export function afterFailure(receiveCountMax: number | null, attempt: number): Verdict {
  if (receiveCountMax === null) return { next: 'fail' };
  if (attempt >= receiveCountMax) return { next: 'dead-letter' };
  return { next: 'retry', delayMs: Math.min(DELAY_MS_MIN * 2 ** (attempt - 1), DELAY_MS_MAX) };
}

/**
 * Whether a batch has had all its attempts when it is handed out for `attempt` (from 1): whoever
 * had the last one never said what became of it. To handle it again would be to let a batch that
 * kills its worker do so for ever.
 */
export const isLost = (receiveCountMax: number | null, attempt: number): boolean =>
  receiveCountMax !== null && attempt > receiveCountMax;

/** Why a lost batch is dead-lettered. */
export const lostBatchReason = (receiveCountMax: number): Reason => ({
  kind: 'worker.lost_batch',
  message:
    `the batch was handed out ${receiveCountMax} ${receiveCountMax === 1 ? 'time' : 'times'}, and the worker that had ` +
    'it last did not come back: it died, or was cut off, before it could tell an outcome',
});
