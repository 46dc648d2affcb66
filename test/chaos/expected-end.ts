import type { EndStatus } from '#libs/domain/job/job-status-code.ts';
import type { PlannedJob } from './chaos-plan.ts';
import { KINDS, type Mark } from './job-kinds.ts';

/** What a job must come to, by its plan alone. */
export interface ExpectedEnd {
  readonly status: EndStatus;
  /** `null` where it depends on when the end came. */
  readonly settled: {
    readonly failed: readonly number[];
    readonly deadLettered: readonly number[];
  } | null;
}

/** Marks that no attempt gets over. */
const FATAL: ReadonlySet<Mark> = new Set<Mark>(['fail', 'exit', 'kill-worker']);

export function expectedEnd({ kind, marks, receiveCountMax }: PlannedJob): ExpectedEnd {
  const { status, isSettled } = KINDS[kind];
  const fatal = [...marks.keys()]
    .filter((index) => FATAL.has(marks.get(index) ?? 'fail-once'))
    .toSorted((a, b) => a - b);
  const isKept = receiveCountMax !== null;
  return {
    status,
    settled: isSettled ? { failed: isKept ? [] : fatal, deadLettered: isKept ? fatal : [] } : null,
  };
}
