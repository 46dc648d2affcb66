import type { Reason } from '../job/job.events.ts';
import type { WorkerEvent, WorkerState, WorkerStateChanged } from './worker.events.ts';
import { WORKER_STATES } from './worker.events.ts';

/** What is known of one worker of a job. */
export interface WorkerRecord {
  readonly restart: number;
  readonly state: WorkerState;
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

/** Workers of a job by state; a stalled worker counts as stalled and not as pending. */
export interface WorkerCounts {
  readonly pending: number;
  readonly initializing: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly stalled: number;
}

export function countWorkers(records: Iterable<WorkerRecord>): WorkerCounts {
  const counts = { pending: 0, initializing: 0, running: 0, succeeded: 0, failed: 0, stalled: 0 };
  for (const record of records) counts[record.isStalled ? 'stalled' : record.state] += 1;
  return counts;
}
