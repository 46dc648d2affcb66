import { ArchiveContent } from '#libs/archive/archive-content.ts';
import type { JobArchive, JobArchived } from '#libs/domain/archive/archive.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import {
  EMPTY_LANE,
  type EventStore,
  type JobAddress,
} from '#libs/event-store/event-store.port.ts';
import type { ArchiveStore } from '#libs/object-store/archive-store.port.ts';
import { A_JOB } from './job.builders.ts';

export const jobArchived = (data: Partial<JobArchive> = {}): JobArchived => ({
  type: 'JobArchived',
  data: {
    jobId: A_JOB,
    apiName: apiName('sum'),
    status: 'succeeded',
    url: 's3://archive/cortex/sum/00000000000000aa-9.ndjson.gz',
    sha256: 'ab'.repeat(32),
    eventCount: 5,
    firstPosition: 1,
    lastPosition: 9,
    ...data,
  },
});

/** Archives a job as the scheduler does. */
export async function archiveJob(
  { log, archives }: { readonly log: EventStore; readonly archives: ArchiveStore },
  job: JobAddress,
  { isPurged }: { readonly isPurged: boolean },
): Promise<JobArchive> {
  const url = `s3://archive/${job.apiName}/${job.jobId}.ndjson.gz`;
  const content = new ArchiveContent(log.storedHistory(job));
  await archives.write(url, content.packed());
  const archived = jobArchived({ ...job, url, ...content.summary() });
  const fact = { id: eventId(archived), at: '2026-11-24T10:00:00.000Z', event: archived };
  await log.append<JobArchived>({ kind: 'archive', ...job }, fact, EMPTY_LANE);
  if (isPurged) await log.purge(job, archived.data.lastPosition);
  return archived.data;
}
