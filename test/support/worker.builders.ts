import { workerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerStalled, WorkerStateChanged } from '#libs/domain/worker/worker.events.ts';
import { A_JOB } from './job.builders.ts';

type Changes<T extends { readonly data: object }> = Partial<T['data']>;

export const workerStateChanged = (
  changes: Changes<WorkerStateChanged> = {},
): WorkerStateChanged => ({
  type: 'WorkerStateChanged',
  data: {
    jobId: A_JOB,
    workerId: workerId(0),
    restart: 0,
    state: 'running',
    willRestart: false,
    reason: null,
    ...changes,
  },
});
export const workerStalled = (changes: Changes<WorkerStalled> = {}): WorkerStalled => ({
  type: 'WorkerStalled',
  data: { jobId: A_JOB, workerId: workerId(0), restart: 0, ...changes },
});
