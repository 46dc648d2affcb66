import type { Reason } from '#libs/domain/job/job.events.ts';
import type { WorkerId } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';

/** Attempts that are shown of one batch, the newest: without a limit of attempts there may be any number. */
const SHOWN_MAX = 20;
const US_PER_SECOND = 1_000_000;

/** One attempt at a batch as it is answered. */
export interface AttemptDocument {
  readonly attempt: number;
  readonly result: 'succeeded' | 'failed' | 'dead_lettered';
  /** When its outcome was noted. */
  readonly time: string;
  /** `null` of a batch that was given up on without asking its worker, which it had killed. */
  readonly worker_id: WorkerId | null;
  readonly duration_seconds: number | null;
  readonly reason: Reason | null;
  /** What then became of the batch, where the attempt failed. */
  readonly next: 'retry' | 'fail' | 'dead-letter' | null;
}

/** The attempts at some batches. */
export class BatchAttempts {
  private readonly byBatch = new Map<number, AttemptDocument[]>();
  private readonly counts = new Map<number, number>();
  private hasEnded = false;

  constructor(indexes: readonly number[]) {
    for (const index of indexes) this.byBatch.set(index, []);
  }

  /** Takes the events of the job in the order of the log; those behind its end change nothing. */
  take(logged: LoggedEvent): void {
    const { event } = logged;
    if (event.type === 'JobCompleted') this.hasEnded = true;
    const isAttempt =
      event.type === 'BatchSucceeded' ||
      event.type === 'BatchFailed' ||
      event.type === 'BatchDeadLettered';
    if (!isAttempt || this.hasEnded) return;
    const attempts = this.byBatch.get(event.data.index);
    const attempt = attemptIn(logged);
    if (attempts === undefined || attempt === null || isKnown(attempts, attempt)) return;
    this.counts.set(event.data.index, this.countOf(event.data.index) + 1);
    attempts.push(attempt);
    if (attempts.length > SHOWN_MAX) attempts.shift();
  }

  countOf(index: number): number {
    return this.counts.get(index) ?? 0;
  }

  /** Oldest first. */
  of(index: number): readonly AttemptDocument[] {
    return this.byBatch.get(index) ?? [];
  }
}

/** A fact may stand in the log twice; a dead letter is mostly a failed attempt already. */
const isKnown = (
  attempts: readonly AttemptDocument[],
  { attempt, result }: AttemptDocument,
): boolean =>
  attempts.some(
    (known) =>
      known.attempt === attempt &&
      (known.result === result || (result === 'dead_lettered' && known.result === 'failed')),
  );

/** `null` of an event that is not about an attempt. */
function attemptIn({ event, at: time }: LoggedEvent): AttemptDocument | null {
  if (event.type === 'BatchDeadLettered') {
    const { attempt, reason } = event.data;
    const unknown = { worker_id: null, duration_seconds: null, next: null };
    return { attempt, result: 'dead_lettered', time, reason, ...unknown };
  }
  if (event.type !== 'BatchSucceeded' && event.type !== 'BatchFailed') return null;
  const { attempt, workerId, durationUs } = event.data;
  const hasFailed = event.type === 'BatchFailed';
  return {
    attempt,
    result: hasFailed ? 'failed' : 'succeeded',
    time,
    worker_id: workerId,
    duration_seconds: durationUs / US_PER_SECOND,
    reason: hasFailed ? event.data.reason : null,
    next: hasFailed ? event.data.next : null,
  };
}
