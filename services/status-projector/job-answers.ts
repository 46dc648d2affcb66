import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type {
  GetJobAnswer,
  GetJobQuery,
  GetJobsAnswer,
  GetJobsQuery,
  ListJobsAnswer,
  ListJobsQuery,
  ListWorkersAnswer,
  ListWorkersQuery,
} from '#libs/messaging/queries.ts';
import { getJob } from './get-job/get-job.ts';
import { getJobs } from './get-job/get-jobs.ts';
import { listJobs } from './list-jobs/list-jobs.ts';
import { listWorkers } from './list-workers/list-workers.ts';
import type { PastViews } from './past-views.ts';

/** Answers questions about jobs as of now, or of the moment that a question names. */
export class JobAnswers {
  constructor(
    private readonly past: PastViews,
    /** Everything that was recorded before it was asked for. */
    private readonly present: () => Promise<PlatformView>,
    /** The rule as of the time it is asked for. */
    private readonly stalledRule: () => StalledRule,
  ) {}

  async getJob(query: GetJobQuery): Promise<GetJobAnswer> {
    return getJob(await this.viewOfJob(query), query, this.ruleOf(query));
  }

  async getJobs(query: GetJobsQuery): Promise<GetJobsAnswer> {
    return getJobs(await this.present(), query, this.stalledRule());
  }

  async listWorkers(query: ListWorkersQuery): Promise<ListWorkersAnswer> {
    return listWorkers(await this.viewOfJob(query), query, this.ruleOf(query));
  }

  async listJobs(query: ListJobsQuery): Promise<ListJobsAnswer> {
    const present = await this.present();
    const answer = (view: PlatformView): ListJobsAnswer =>
      listJobs(view, query, this.ruleOf(query));
    return query.asOf ? this.past.ofAll(query.asOf.position, answer) : answer(present);
  }

  private async viewOfJob({ jobId, asOf }: GetJobQuery): Promise<PlatformView> {
    const present = await this.present();
    return asOf ? this.past.ofJob(present, jobId, asOf.position) : present;
  }

  /** The limit may have been another one then; nothing records it. */
  private ruleOf({ asOf }: Pick<GetJobQuery, 'asOf'>): StalledRule {
    const rule = this.stalledRule();
    return asOf ? { ...rule, nowMs: asOf.nowMs } : rule;
  }
}
