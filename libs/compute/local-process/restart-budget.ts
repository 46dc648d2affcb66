const REPLACEMENTS_MAX = 5;
const FAILED_STARTS_MAX = 3;
const DELAY_MS_MIN = 100;
const DELAY_MS_MAX = 30_000;
/** A worker that has run this long was well; what killed it is not what killed it before. */
const WELL_MS = 60_000;

/** One process of a worker, looked back on. */
export interface FinishedRun {
  /** How long it took batches; `null` when its handler never became ready. */
  readonly ranMs: number | null;
}

/**
 * Whether and when a worker that died is replaced: after 100 ms, 200 ms, 400 ms, … at most 30 s,
 * five times in a row. A handler that fails three times before it is ready is not going to start:
 * so a bad command ends its job in a second.
 */
export class RestartBudget {
  private replacements = 0;
  private failedStarts = 0;

  /** @returns the delay before the next replacement; `null` when there is none */
  afterDeath({ ranMs }: FinishedRun): number | null {
    this.failedStarts = ranMs === null ? this.failedStarts + 1 : 0;
    if (ranMs !== null && ranMs >= WELL_MS) this.replacements = 0;
    if (this.failedStarts >= FAILED_STARTS_MAX || this.replacements >= REPLACEMENTS_MAX)
      return null;
    return Math.min(DELAY_MS_MIN * 2 ** this.replacements++, DELAY_MS_MAX);
  }
}
