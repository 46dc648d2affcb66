import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import type { JobEvent, JobSubmitted } from '#libs/domain/job/job.events.ts';
import { invariant } from '#libs/domain/kernel/errors.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { jobNotFound } from './endpoint.ts';
import type { StatusQueries } from './status-queries.port.ts';

/** A job as it was submitted, which documents show only in part. */
export interface SubmittedJob {
  readonly submitted: JobSubmitted['data'];
  readonly hasEnded: boolean;
}

/** @throws RequestRefused 404 when there is no such job */
export async function submittedJob(
  {
    queries,
    store,
  }: { readonly queries: Pick<StatusQueries, 'getJob'>; readonly store: EventStore },
  jobId: JobId,
): Promise<SubmittedJob> {
  const job = await queries.getJob({ jobId });
  if (job === null) throw jobNotFound(jobId, null);
  const lane = { kind: 'job', apiName: job.apiName, jobId } as const;
  const { events } = await store.read<JobEvent>(lane);
  const first = events[0]?.event;
  invariant(first?.type === 'JobSubmitted', 'a job lane starts with JobSubmitted');
  return { submitted: first.data, hasEnded: hasEnded(job.status) };
}
