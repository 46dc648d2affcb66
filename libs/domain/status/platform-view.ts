import { ApiView, type ApiViewSnapshot } from './api-view.ts';
import { JobView, type JobViewSnapshot } from './job-view.ts';
import { WebhookBacklog, type WebhookBacklogSnapshot } from '../webhook/webhook-backlog.ts';
import type { ApiName, JobId } from '../kernel/ids.ts';
import type { JobCompleted } from '../job/job.events.ts';
import type { LoggedEvent, Position } from '../platform-event.ts';
import { unreachable } from '../kernel/errors.ts';

const NO_JOBS: readonly JobView[] = [];

/** Plain form of a `PlatformView`, for snapshots. */
export interface PlatformViewSnapshot {
  readonly position: Position;
  readonly apis: readonly ApiViewSnapshot[];
  readonly jobs: readonly JobViewSnapshot[];
  readonly webhooks: WebhookBacklogSnapshot;
}

/** All APIs and jobs as of one position of the log. */
export class PlatformView {
  position: Position = 0;
  readonly apis = new Map<ApiName, ApiView>();
  readonly jobs = new Map<JobId, JobView>();
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
        return [this.addJob(new JobView(event.data, at))];
      case 'EnqueuingCompleted':
      case 'EnqueuingFailed':
      case 'JobStopRequested':
        return this.update(event.data.jobId, (job) => job.applyJobEvent(event, at));
      case 'JobCompleted':
        return this.update(event.data.jobId, (job) => this.end(job, event, at));
      case 'BatchEnqueued':
      case 'LinesSkipped':
      case 'JobStarted':
      case 'BatchSucceeded':
      case 'BatchFailed':
      case 'BatchDeadLettered':
        return this.update(event.data.jobId, (job) => job.applyBatchEvent(event, at));
      case 'WorkerStateChanged':
      case 'WorkerStalled':
        return this.update(event.data.jobId, (job) => job.applyWorkerEvent(event, at));
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

  snapshot(): PlatformViewSnapshot {
    return {
      position: this.position,
      apis: [...this.apis.values()].map((api) => api.snapshot()),
      jobs: [...this.jobs.values()].map((job) => job.snapshot()),
      webhooks: this.webhooks.snapshot(),
    };
  }

  static restore(snapshot: PlatformViewSnapshot): PlatformView {
    const view = new PlatformView();
    view.position = snapshot.position;
    for (const api of snapshot.apis) view.apis.set(api.name, ApiView.restore(api));
    for (const job of snapshot.jobs) view.jobs.set(job.submitted.jobId, JobView.restore(job));
    view.webhooks = WebhookBacklog.restore(snapshot.webhooks);
    return view;
  }

  private apiOf(name: ApiName): ApiView {
    const api = this.apis.get(name) ?? new ApiView(name);
    this.apis.set(name, api);
    return api;
  }

  private addJob(job: JobView): JobView {
    const known = this.jobs.get(job.submitted.jobId);
    if (known !== undefined) return known;
    const { apiName, apiId, jobId } = job.submitted;
    job.isApiDeleted = this.apis.get(apiName)?.isDeleted(apiId) ?? false;
    this.jobs.set(jobId, job);
    return job;
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
  private update(id: JobId, change: (job: JobView) => void): readonly JobView[] {
    const job = this.jobs.get(id);
    if (job === undefined) return NO_JOBS;
    change(job);
    return [job];
  }
}
