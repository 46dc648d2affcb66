import type { ApiDetails, JobStatus } from '#libs/client/gateway-documents.ts';
import { statusWords } from '../job-wording.ts';
import { type PageContext, sinceMs } from '../page-context.ts';
import { countColumnUnlessZero, renderTable } from '../table.ts';
import { age, shortTime, wholeDuration } from '../time-format.ts';

/** The answer to `cortex get API`: its newest jobs, where to send jobs, what was deployed when. */
export function apiPage(api: ApiDetails, context: PageContext): string {
  return [
    api.job_statuses.length === 0 ? 'no submitted batch jobs' : jobTable(api.job_statuses, context),
    `endpoint: ${api.endpoint}`,
    versionTable(api.api_versions, context),
  ].join('\n\n');
}

function jobTable(jobs: readonly JobStatus[], context: PageContext): string {
  const failedAttempts = jobs.map((job) => job.batch_metrics.failed);
  return renderTable(
    [
      { title: 'job id', cells: jobs.map((job) => job.job_id) },
      { title: 'status', cells: jobs.map((job) => statusWords(job.status)) },
      { title: 'progress', cells: jobs.map(progressOf) },
      ...countColumnUnlessZero('failed attempts', failedAttempts),
      { title: 'start time', cells: jobs.map((job) => shortTime(job.start_time)) },
      { title: 'duration', cells: jobs.map((job) => durationOf(job, context)) },
    ],
    context.style,
  );
}

const progressOf = ({
  batch_metrics: { succeeded },
  total_batch_count: total,
}: JobStatus): string => (total === undefined ? '-' : `${succeeded}/${total}`);

const durationOf = (
  { start_time: start, end_time: end }: JobStatus,
  context: PageContext,
): string =>
  wholeDuration((end === undefined ? context.nowMs : Date.parse(end)) - Date.parse(start));

const versionTable = (versions: ApiDetails['api_versions'], context: PageContext): string =>
  renderTable(
    [
      { title: 'api id', cells: versions.map((version) => version.api_id) },
      {
        title: 'last deployed',
        cells: versions.map((version) => age(sinceMs(context, version.last_updated))),
      },
    ],
    context.style,
  );
