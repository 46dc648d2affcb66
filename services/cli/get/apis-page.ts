import type { ApiSummaries } from '#libs/client/gateway-documents.ts';
import { type PageContext, sinceMs } from '../page-context.ts';
import { renderTable } from '../table.ts';
import { age } from '../time-format.ts';

/** The answer to `cortex get`: a line for each API, by name. */
export function apisPage(summaries: ApiSummaries, context: PageContext): string {
  if (summaries.length === 0) return 'no apis are deployed';
  const apis = [...summaries].sort((a, b) => (a.name < b.name ? -1 : 1));
  return renderTable(
    [
      { title: 'batch api', cells: apis.map(({ name }) => name) },
      { title: 'running jobs', cells: apis.map((api) => String(api.active_job_count)) },
      { title: 'latest job id', cells: apis.map((api) => latestJob(api, context)) },
      { title: 'last update', cells: apis.map((api) => age(sinceMs(context, api.last_updated))) },
    ],
    context.style,
  );
}

function latestJob({ latest_job: job }: ApiSummaries[number], context: PageContext): string {
  if (job === null) return '-';
  return `${job.job_id} (submitted ${age(sinceMs(context, job.created_time))} ago)`;
}
