import { Bitmap } from './bitmap.ts';

/** Plain form of an `AttemptSet`, for snapshots: the batches of each attempt, by attempt. */
export type AttemptSetSnapshot = readonly (readonly [attempt: number, batches: string])[];

/**
 * A set of attempts: pairs of a batch and the how-manieth time it was handed out.
 *
 * One bit per batch for each attempt number that occurs, which for nearly all jobs is the first
 * only. The set cannot be cheaper and still tell a repeated fact from a new one.
 */
export class AttemptSet {
  private readonly byAttempt = new Map<number, Bitmap>();

  /** @returns whether this attempt was not in the set before */
  add(index: number, attempt: number): boolean {
    const batches = this.byAttempt.get(attempt) ?? new Bitmap();
    this.byAttempt.set(attempt, batches);
    return batches.add(index);
  }

  /** Whether any attempt at the batch is in the set. */
  hasBatch(index: number): boolean {
    for (const batches of this.byAttempt.values()) if (batches.has(index)) return true;
    return false;
  }

  clear(): void {
    this.byAttempt.clear();
  }

  /** Sets with the same members have the same snapshot, in whichever order they were added. */
  snapshot(): AttemptSetSnapshot {
    return [...this.byAttempt]
      .sort(([one], [other]) => one - other)
      .map(([attempt, batches]) => [attempt, batches.encode()]);
  }

  static restore(snapshot: AttemptSetSnapshot): AttemptSet {
    const attempts = new AttemptSet();
    for (const [attempt, batches] of snapshot) {
      attempts.byAttempt.set(attempt, Bitmap.decode(batches));
    }
    return attempts;
  }
}
