import type { JobDetails, JobStatus, WorkerCounts } from '#libs/client/gateway-documents.ts';
import type { Answer } from '#libs/client/http-exchange.ts';
import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import { indentJson, memberOf, pickMembers } from '../json-text.ts';
import { statusWords } from '../job-wording.ts';
import type { PageContext } from '../page-context.ts';
import { countColumnUnlessZero, renderTable } from '../table.ts';
import { preciseDuration, shortTime, wholeDuration } from '../time-format.ts';

/** Members of the status document that say what was submitted, as `POST` answered them. */
const CONFIGURATION = [
  'job_id',
  'api_name',
  'kind',
  'workers',
  'config',
  'api_id',
  'sqs_url',
  'timeout',
  'sqs_dead_letter_queue',
  'created_time',
] as const;

// Only page titles are bold on this page; its tables are not.
const noBold = { bold: String };

/** The answer to `cortex get API JOB`. */
export function jobPage({ value, json }: Answer<JobDetails>, context: PageContext): string {
  const { job_status: job, endpoint } = value;
  const configuration = pickMembers(memberOf(json, 'job_status'), CONFIGURATION);
  return [
    `job id: ${job.job_id}\nstatus: ${statusWords(job.status)}${reasonLines(job)}`,
    times(job, context),
    `${context.style.bold('batch stats')}\n${batchStats(job)}`,
    `${context.style.bold('worker stats')}\n${workerStats(job)}`,
    `job endpoint: ${endpoint}`,
    `${context.style.bold('job configuration')}\n${indentJson(configuration)}`,
  ].join('\n\n');
}

function reasonLines({ reason, completion_hook: hook }: JobStatus): string {
  const cause = reason === undefined ? '' : `\nreason: ${reason.message}`;
  if (hook === undefined) return cause;
  const message = hook.message === null ? '' : `: ${hook.message}`;
  return `${cause}\non-job-complete: ${hook.result}${hook.result === 'failed' ? message : ''}`;
}

function times({ start_time: start, end_time: end }: JobStatus, { nowMs }: PageContext): string {
  const endMs = end === undefined ? nowMs : Date.parse(end);
  return [
    `start time: ${shortTime(start)}`,
    `end time:   ${end === undefined ? '-' : shortTime(end)}`,
    `duration:   ${wholeDuration(endMs - Date.parse(start))}`,
  ].join('\n');
}

function batchStats({ total_batch_count: total, batch_metrics, batch_counts }: JobStatus): string {
  const { avg_time_per_batch: averageSeconds } = batch_metrics;
  const average = averageSeconds === undefined ? '-' : preciseDuration(averageSeconds * 1000);
  return renderTable(
    [
      { title: 'total', cells: [total === undefined ? '-' : String(total)] },
      { title: 'succeeded', cells: [String(batch_metrics.succeeded)] },
      ...countColumnUnlessZero('failed', [batch_counts.failed]),
      ...countColumnUnlessZero('dead-lettered', [batch_counts.dead_lettered]),
      ...countColumnUnlessZero('cancelled', [batch_counts.cancelled]),
      { title: 'failed attempts', cells: [String(batch_metrics.failed)] },
      { title: 'avg time per batch', cells: [average] },
    ],
    noBold,
  );
}

function workerStats({ status, workers, worker_counts: counts }: JobStatus): string {
  if (counts !== undefined) return workerTable(workers, counts);
  if (hasEnded(status)) {
    return 'worker stats are not available because this job is not currently running';
  }
  return status === 'enqueuing'
    ? 'still enqueuing, workers have not been allocated for this job yet'
    : 'unable to get worker stats';
}

const workerTable = (requested: number, counts: WorkerCounts): string =>
  renderTable(
    [
      { title: 'requested', cells: [String(requested)] },
      ...countColumnUnlessZero('pending', [counts.pending]),
      ...countColumnUnlessZero('initializing', [counts.initializing]),
      ...countColumnUnlessZero('stalled', [counts.stalled]),
      { title: 'running', cells: [String(counts.running)] },
      ...countColumnUnlessZero('failed', [counts.failed]),
      { title: 'succeeded', cells: [String(counts.succeeded)] },
    ],
    noBold,
  );
