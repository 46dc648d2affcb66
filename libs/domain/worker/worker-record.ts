import type { Reason } from '../job/job.events.ts';
import type { WorkerEvent, WorkerState } from './worker.events.ts';
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
 * Within one process a worker only moves forward, and a replacement outranks its predecessor; so a
 * fact that arrives twice or late changes nothing.
 */
export function evolveWorker(record: WorkerRecord, event: WorkerEvent, at: string): WorkerRecord {
  if (event.type === 'WorkerStalled') {
    const stillPending = record.state === 'pending' && record.restart === event.data.restart;
    return stillPending ? { ...record, isStalled: true } : record;
  }
  const { restart, state, willRestart, reason } = event.data;
  const isNewer =
    restart > record.restart || (restart === record.restart && rank(state) > rank(record.state));
  if (!isNewer) return record;
  const isLost = state === 'failed' && !willRestart;
  return { restart, state, isStalled: false, isLost, since: at, reason };
}

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
