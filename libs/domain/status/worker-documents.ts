import type { Reason } from '../job/job.events.ts';
import type { WorkerId } from '../kernel/ids.ts';
import {
  isStalled,
  type ShownWorkerState,
  type StalledRule,
  type WorkerRecord,
} from '../worker/worker-record.ts';
import type { JobView } from './job-view.ts';

/** One worker of a job as it is: a line of the answer to `GET /v1/jobs/<id>/workers`. */
export interface WorkerDocument {
  readonly worker_id: WorkerId;
  readonly state: ShownWorkerState;
  /** When the state began; of a stalled worker, when it began to wait. RFC 3339. */
  readonly since: string;
  /** Why it is in this state, where there is something to say. */
  readonly reason: Reason | null;
  /** The first process has 0, and each replacement more than the one before. */
  readonly restarts: number;
  /** Batches handled to success, by this process and those before it. */
  readonly batches_done: number;
}

/** A job that has ended waits for nothing, so none of its workers is stalled. */
export function workerDocument(
  job: JobView,
  [id, record]: readonly [WorkerId, WorkerRecord],
  rule: StalledRule,
): WorkerDocument {
  return {
    worker_id: id,
    state: job.end === null && isStalled(record, rule) ? 'stalled' : record.state,
    since: record.since,
    reason: record.reason,
    restarts: record.restart,
    batches_done: job.batchesDoneBy(id),
  };
}
