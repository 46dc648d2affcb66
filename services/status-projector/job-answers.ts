import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import type {
  AsOf,
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
import { type FollowedJobs, PastViews, type PastViewsDeps } from './past-views.ts';
import { listJobs } from './list-jobs/list-jobs.ts';
import { listWorkers } from './list-workers/list-workers.ts';

export interface JobAnswersDeps extends PastViewsDeps {
  /** The rule as of the time it is asked for. */
  readonly stalledRule: () => StalledRule;
}

interface FoundView {
  readonly view: Pick<PlatformView, 'apis'>;
  readonly job: JobView | null;
}

/** Answers questions about jobs as of now, or of the moment that a question names. */
export class JobAnswers {
  private readonly past: PastViews;

  constructor(private readonly deps: JobAnswersDeps) {
    this.past = new PastViews(deps);
  }

  async getJob(query: GetJobQuery): Promise<GetJobAnswer> {
    const { view, job } = await this.find(query);
    return getJob(view, job, this.ruleOf(query));
  }

  async getJobs(query: GetJobsQuery): Promise<GetJobsAnswer> {
    return getJobs(await this.present(), query, this.deps.stalledRule());
  }

  async listWorkers(query: ListWorkersQuery): Promise<ListWorkersAnswer> {
    return listWorkers((await this.find(query)).job, query, this.ruleOf(query));
  }

  async listJobs(query: ListJobsQuery): Promise<ListJobsAnswer> {
    const followed = await this.present();
    const rule = this.ruleOf(query);
    const { view, ended } = followed;
    if (!query.asOf) return listJobs(view, query, { rule, recall: (row) => ended.recall(row) });
    return this.past.ofAll(query.asOf.position, (past) =>
      listJobs(past.view, query, { rule, recall: (row) => past.ended.recall(row) }),
    );
  }

  private async find({ jobId, asOf }: GetJobQuery): Promise<FoundView> {
    const followed = await this.present();
    if (asOf) return this.past.ofJob(jobId, asOf.position);
    return { view: followed.view, job: await followed.job(jobId) };
  }

  private async present(): Promise<FollowedJobs> {
    await this.deps.followed.caughtUp();
    return this.deps.followed;
  }

  /** The limit may have been another one then; nothing records it. */
  private ruleOf({ asOf }: { readonly asOf?: AsOf | null }): StalledRule {
    const rule = this.deps.stalledRule();
    return asOf ? { ...rule, nowMs: asOf.nowMs } : rule;
  }
}
