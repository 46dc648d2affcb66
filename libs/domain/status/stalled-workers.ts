import type { WorkerStalled } from '../worker/worker.events.ts';
import { isStalled, stalledFromMs, type StalledRule } from '../worker/worker-record.ts';
import type { JobView } from './job-view.ts';

/** Workers that are stalled and of which that is not in the log yet. */
export interface Unannounced {
  readonly stalled: readonly { readonly job: JobView; readonly event: WorkerStalled }[];
  /** Last moment at which no other worker is stalled; `null` when none waits. */
  readonly quietUntilMs: number | null;
}

/** Who is to be announced as stalled. Whether somebody else does so at the same time is all one. */
export function unannouncedStalls(jobs: Iterable<JobView>, rule: StalledRule): Unannounced {
  const stalled: { job: JobView; event: WorkerStalled }[] = [];
  let quietUntilMs = Infinity;
  for (const job of jobs) {
    if (job.end !== null) continue;
    const { jobId } = job.submitted;
    for (const [workerId, record] of job.workers) {
      if (record.state !== 'pending' || record.isStalled) continue;
      if (isStalled(record, rule)) {
        const data = { jobId, workerId, restart: record.restart };
        stalled.push({ job, event: { type: 'WorkerStalled', data } });
      } else {
        quietUntilMs = Math.min(quietUntilMs, stalledFromMs(record, rule.stalledAfterMs));
      }
    }
  }
  return { stalled, quietUntilMs: quietUntilMs === Infinity ? null : quietUntilMs };
}
