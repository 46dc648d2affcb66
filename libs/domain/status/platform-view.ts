import { ApiView, type ApiViewSnapshot } from './api-view.ts';
import { JobView, type JobViewSnapshot } from './job-view.ts';
import { WebhookBacklog, type WebhookBacklogSnapshot } from '../webhook/webhook-backlog.ts';
import type { ApiName, JobId } from '../kernel/ids.ts';
import type { JobCompleted } from '../job/job.events.ts';
import type { LoggedEvent, Position } from '../platform-event.ts';
import type { WorkerEvent } from '../worker/worker.events.ts';
import { invariant, unreachable } from '../kernel/errors.ts';
import { EndedJobTable, type EndedJobTableSnapshot } from './ended-job-table.ts';
import { workersLeft } from './workers-left.ts';

const NO_JOBS: readonly JobView[] = [];

/** Plain form of a `PlatformView`, for snapshots. */
export interface PlatformViewSnapshot {
  readonly position: Position;
  readonly apis: readonly ApiViewSnapshot[];
  readonly jobs: readonly JobViewSnapshot[];
  readonly webhooks: WebhookBacklogSnapshot;
  readonly ended: EndedJobTableSnapshot;
}

/**
 * All APIs and jobs as of one position of the log.
 *
 * Whoever keeps it for long retires jobs that have ended, which leaves their rows in `ended`, and
 * recalls one before a fact about its workers is applied.
 */
export class PlatformView {
  position: Position = 0;
  readonly apis = new Map<ApiName, ApiView>();
  /** Those that were not retired. */
  readonly jobs = new Map<JobId, JobView>();
  ended = new EndedJobTable();
  webhooks = new WebhookBacklog();

  /**
   * Takes the next event of the log. One at or before `position` was taken already and is ignored.
   *
   * @returns the jobs that the event is about
   */
  apply({ position, event, at }: LoggedEvent): readonly JobView[] {
    if (position <= this.position) return NO_JOBS;
    this.position = position;
    switch (event.type) {
      case 'IdempotencyKeyClaimed':
      case 'LogCheckpointed':
      case 'JobArchived': // What was archived is read as if it still stood in the log.
        return NO_JOBS;
      case 'ApiDeployed':
        this.apiOf(event.data.apiName).apply(event, at, position);
        this.webhooks.apiDeployed(event.data.apiName);
        return NO_JOBS;
      case 'ApiDeleted':
        this.apiOf(event.data.apiName).apply(event, at, position);
        return this.orphan(event.data.apiName);
      case 'WebhookDelivered':
      case 'WebhookFailed':
        this.webhooks.apply(event);
        return NO_JOBS; // Nothing about the job itself.
      case 'JobSubmitted':
        return this.addJob(new JobView(event.data, at), position);
      case 'EnqueuingCompleted':
      case 'EnqueuingFailed':
      case 'JobStopRequested':
        return this.update(event.data.jobId, position, (job) => job.applyJobEvent(event, at));
      case 'JobCompleted':
        return this.update(event.data.jobId, position, (job) => this.end(job, event, at));
      case 'BatchEnqueued':
      case 'LinesSkipped':
      case 'JobStarted':
      case 'BatchSucceeded':
      case 'BatchFailed':
      case 'BatchDeadLettered':
        return this.update(event.data.jobId, position, (job) => job.applyBatchEvent(event, at));
      case 'WorkerStateChanged':
      case 'WorkerStalled':
        return this.updateWorker(event, at, position);
      default:
        return unreachable(event);
    }
  }

  /** The API that requests to an endpoint are for. */
  apiAt(endpoint: string): ApiView | null {
    const claimants = [...this.apis.values()].filter((api) => api.endpoint === endpoint);
    return claimants.reduce<ApiView | null>(
      (first, api) => (first === null || api.holdsBefore(first) ? api : first),
      null,
    );
  }

  /** Passes over an entry of the log that cannot be read. */
  skip(position: Position): void {
    this.position = Math.max(this.position, position);
  }

  /**
   * Takes a job out of `jobs`; all that stays of it is its row.
   *
   * @param digest of what is kept of it elsewhere
   */
  retire(job: JobView, digest: string): void {
    invariant(mayRetire(job), `job ${job.submitted.jobId} may retire`);
    const { jobId, apiName } = job.submitted;
    const createdAtMs = Date.parse(job.createdAt);
    this.jobs.delete(jobId);
    this.ended.set({
      jobId,
      apiName,
      status: job.end.data.status,
      createdAtMs,
      position: job.position,
      digest,
    });
  }

  /** Takes a job that was retired back into `jobs`. */
  recall(job: JobView): void {
    this.ended.delete(job.submitted.jobId);
    this.jobs.set(job.submitted.jobId, job);
  }

  /** Of equal views equal, whichever jobs were recalled meanwhile. */
  snapshot(): PlatformViewSnapshot {
    return {
      position: this.position,
      apis: [...this.apis.values()].map((api) => api.snapshot()),
      jobs: [...this.jobs.values()]
        .sort((a, b) => (a.submitted.jobId < b.submitted.jobId ? -1 : 1))
        .map((job) => job.snapshot()),
      webhooks: this.webhooks.snapshot(),
      ended: this.ended.snapshot(),
    };
  }

  static restore(snapshot: PlatformViewSnapshot): PlatformView {
    const view = new PlatformView();
    view.position = snapshot.position;
    for (const api of snapshot.apis) view.apis.set(api.name, ApiView.restore(api));
    for (const job of snapshot.jobs) view.jobs.set(job.submitted.jobId, JobView.restore(job));
    view.webhooks = WebhookBacklog.restore(snapshot.webhooks);
    view.ended = EndedJobTable.restore(snapshot.ended);
    return view;
  }

  private apiOf(name: ApiName): ApiView {
    const api = this.apis.get(name) ?? new ApiView(name);
    this.apis.set(name, api);
    return api;
  }

  private addJob(job: JobView, position: Position): readonly JobView[] {
    const { apiName, apiId, jobId } = job.submitted;
    const known = this.jobs.get(jobId);
    if (known !== undefined) return [known];
    if (this.ended.has(jobId)) return NO_JOBS;
    job.isApiDeleted = this.apis.get(apiName)?.isDeleted(apiId) ?? false;
    job.position = position;
    this.jobs.set(jobId, job);
    return [job];
  }

  /** @returns the jobs of the API that have not ended, which are now without it */
  private orphan(apiName: ApiName): readonly JobView[] {
    const jobs = [...this.jobs.values()].filter(
      ({ submitted, end }) => submitted.apiName === apiName && end === null,
    );
    for (const job of jobs) job.isApiDeleted = true;
    return jobs;
  }

  private end(job: JobView, event: JobCompleted, at: string): void {
    const { jobId, apiName, onCompleteUrl: url } = job.submitted;
    const isFirst = job.end === null;
    job.applyJobEvent(event, at);
    if (isFirst && url !== null) this.webhooks.jobEnded({ jobId, apiName, url, endedAt: at });
  }

  /** A fact about a job whose submission is not in the log is about nothing. */
  private update(
    id: JobId,
    position: Position,
    change: (job: JobView) => void,
  ): readonly JobView[] {
    const job = this.jobs.get(id);
    if (job === undefined) return NO_JOBS;
    if (job.end === null) job.position = position; // The end is final, but for what workers do.
    change(job);
    return [job];
  }

  private updateWorker(event: WorkerEvent, at: string, position: Position): readonly JobView[] {
    const { jobId } = event.data;
    const job = this.jobs.get(jobId);
    if (job === undefined) {
      invariant(!this.ended.has(jobId), `job ${jobId} was recalled`);
      return NO_JOBS;
    }
    job.position = position;
    job.applyWorkerEvent(event, at);
    return [job];
  }
}

/** Whether all has been said of a job that is ever shown, and of its workers that they have left. */
export const mayRetire = (
  job: JobView,
): job is JobView & { readonly end: NonNullable<JobView['end']> } =>
  job.end !== null &&
  workersLeft(job).length === 0 &&
  EndedJobTable.canHold(job.submitted.jobId, job.createdAt);
