import type { Reason } from '../job/job.events.ts';
import type { WorkerEvent, WorkerState, WorkerStateChanged } from './worker.events.ts';
import { WORKER_STATES } from './worker.events.ts';

/** What is known of one worker of a job. */
export interface WorkerRecord {
  readonly restart: number;
  readonly state: WorkerState;
  /** Being stalled was announced, and the worker has not started since. */
  readonly isStalled: boolean;
  /** Failed for good: no replacement comes. */
  readonly isLost: boolean;
  /** When `state` was entered, RFC 3339. */
  readonly since: string;
  readonly reason: Reason | null;
}

export const newWorkerRecord = (since: string): WorkerRecord => ({
  restart: 0,
  state: 'pending',
  isStalled: false,
  isLost: false,
  since,
  reason: null,
});

/**
 * A worker's record after one more fact.
 *
 * Within one process a worker only moves forward, and a replacement outranks its predecessor; so
 * facts that arrive twice, late or in another order give the same record.
 */
export function evolveWorker(record: WorkerRecord, event: WorkerEvent, at: string): WorkerRecord {
  const { restart } = event.data;
  const fact =
    event.type === 'WorkerStalled'
      ? { ...newWorkerRecord(at), restart, isStalled: true }
      : reportedRecord(event.data, at);
  const steps = restart - record.restart || rank(fact.state) - rank(record.state);
  if (steps < 0) return record;
  if (steps > 0) return fact;
  return {
    ...record,
    isStalled: record.isStalled || fact.isStalled,
    since: fact.since < record.since ? fact.since : record.since,
    reason: record.reason ?? fact.reason,
  };
}

const reportedRecord = (
  { restart, state, willRestart, reason }: WorkerStateChanged['data'],
  since: string,
): WorkerRecord => ({
  restart,
  state,
  isStalled: false,
  isLost: state === 'failed' && !willRestart,
  since,
  reason,
});

const rank = (state: WorkerState): number => WORKER_STATES.indexOf(state);

/** When a worker that waits is stalled, and the time that is asked about. */
export interface StalledRule {
  readonly stalledAfterMs: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** A worker's state as users see it. */
export type ShownWorkerState = WorkerState | 'stalled';

/** What was announced stays so under another limit, until the worker starts. */
export const isStalled = (record: WorkerRecord, { nowMs, stalledAfterMs }: StalledRule): boolean =>
  record.isStalled || (record.state === 'pending' && nowMs > stalledFromMs(record, stalledAfterMs));

/** Last moment at which a pending worker is not stalled, in milliseconds since the epoch. */
export const stalledFromMs = ({ since }: WorkerRecord, stalledAfterMs: number): number =>
  Date.parse(since) + stalledAfterMs;

/** Workers of a job by state; a stalled worker counts as stalled and not as pending. */
export type WorkerCounts = { readonly [State in ShownWorkerState]: number };

export function countWorkers(records: Iterable<WorkerRecord>, rule: StalledRule): WorkerCounts {
  const counts = { pending: 0, initializing: 0, running: 0, succeeded: 0, failed: 0, stalled: 0 };
  for (const record of records) counts[isStalled(record, rule) ? 'stalled' : record.state] += 1;
  return counts;
}
