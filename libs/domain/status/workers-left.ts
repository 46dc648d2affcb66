import type { WorkerStateChanged } from '../worker/worker.events.ts';
import type { JobView } from './job-view.ts';

/** What is to be said of the workers of a job that has ended and of which nobody said that they left. */
export function workersLeft(job: JobView): readonly WorkerStateChanged[] {
  const { jobId } = job.submitted;
  return [...job.workers]
    .filter(([, { state }]) => state !== 'succeeded' && state !== 'failed')
    .map(([workerId, { restart }]) => ({
      type: 'WorkerStateChanged',
      data: { jobId, workerId, restart, state: 'succeeded', willRestart: false, reason: null },
    }));
}
