import type { Event } from '../kernel/decider.ts';
import type { JobId, WorkerId } from '../kernel/ids.ts';
import type { Reason } from '../job/job.events.ts';

/**
 * What a compute backend reports of a worker, in the order a worker passes through:
 *
 * - `pending`: waits for compute resources
 * - `initializing`: its process is there, the handler is not ready yet
 * - `running`: takes batches from the queue
 * - `succeeded`: left after the job had ended
 * - `failed`: died; a `pending` with a higher `restart` follows when it is replaced
 */
export const WORKER_STATES = ['pending', 'initializing', 'running', 'succeeded', 'failed'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

export type WorkerStateChanged = Event<
  'WorkerStateChanged',
  {
    readonly jobId: JobId;
    readonly workerId: WorkerId;
    /** How often this worker was replaced before: 0 for the first process. */
    readonly restart: number;
    readonly state: WorkerState;
    /** Only with `failed`: a replacement follows. When no worker has one coming, the job has failed. */
    readonly willRestart: boolean;
    readonly reason: Reason | null;
  }
>;

/** The worker has been pending for longer than the limit. Undone when it starts. */
export type WorkerStalled = Event<
  'WorkerStalled',
  { readonly jobId: JobId; readonly workerId: WorkerId; readonly restart: number }
>;

export type WorkerEvent = WorkerStateChanged | WorkerStalled;
