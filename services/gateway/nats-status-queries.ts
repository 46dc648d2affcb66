import {
  type ApiAnswer,
  type ApiSummary,
  type FoundJob,
  type GetApiAnswer,
  type GetApiQuery,
  type GetJobAnswer,
  type GetJobQuery,
  type GetJobsAnswer,
  type HealthAnswer,
  healthPattern,
  type JobAtQuery,
  type ListApisAnswer,
  type ListJobsAnswer,
  type ListJobsQuery,
  type ListWorkersAnswer,
  type ListWorkersQuery,
  type ProjectionAnswer,
  QUERIES,
  type ReadWorkerLogAnswer,
  type ReadWorkerLogQuery,
} from '#libs/messaging/queries.ts';
import { askVitals, type ProjectorVitals } from '#libs/messaging/projector-vitals.ts';
import { refusalIn } from '#libs/messaging/query-refusal.ts';
import type { NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import type { RequestClient } from '#libs/platform/nest/request-client.ts';
import { JobQuestions } from './job-questions.ts';
import { KnownJobs } from './known-jobs.ts';
import { type JobNow, QueryUnanswered, type StatusQueries } from './status-queries.port.ts';

const ANSWER_TIMEOUT_MS = 5000;
/** The log is read again for an answer about the past. */
const PAST_TIMEOUT_MS = 30_000;
const HEALTH_TIMEOUT_MS = 1000;

/** Asks over NATS; whichever instance of the answering service is free answers. */
export class NatsStatusQueries implements StatusQueries {
  private readonly known = new KnownJobs((query) =>
    this.ask<GetJobsAnswer>(QUERIES.getJobs, query),
  );
  private readonly jobs = new JobQuestions((query) => this.known.ask(query));

  /** @param connection what all instances are asked over, which questions to one are not */
  constructor(
    private readonly client: RequestClient,
    private readonly connection: NatsConnection,
  ) {}

  async getJob(query: GetJobQuery): Promise<FoundJob | null> {
    if (!query.asOf) return (await this.getJobAt({ jobId: query.jobId, endpoint: null })).found;
    return (await this.ask<GetJobAnswer>(QUERIES.getJob, query, PAST_TIMEOUT_MS)).found;
  }

  async getJobAt(query: JobAtQuery): Promise<JobNow> {
    const answer = await this.jobs.ask(query);
    if (answer.refusal === undefined) return answer;
    throw new QueryUnanswered(`no answer to ${QUERIES.getJobs}`, answer.refusal.message);
  }

  listJobs(query: ListJobsQuery): Promise<ListJobsAnswer> {
    return this.ask<ListJobsAnswer>(QUERIES.listJobs, query, timeoutOf(query));
  }

  async listWorkers(query: ListWorkersQuery): Promise<ListWorkersAnswer['page']> {
    return (await this.ask<ListWorkersAnswer>(QUERIES.listWorkers, query, timeoutOf(query))).page;
  }

  async getApi(query: GetApiQuery): Promise<ApiAnswer | null> {
    return (await this.ask<GetApiAnswer>(QUERIES.getApi, query)).api;
  }

  async listApis(): Promise<readonly ApiSummary[]> {
    return (await this.ask<ListApisAnswer>(QUERIES.listApis, {})).apis;
  }

  async readWorkerLog(query: ReadWorkerLogQuery): Promise<ReadWorkerLogAnswer['chunk']> {
    return (await this.ask<ReadWorkerLogAnswer>(QUERIES.readWorkerLog, query)).chunk;
  }

  readProjection(): Promise<ProjectionAnswer> {
    return this.ask<ProjectionAnswer>(QUERIES.readProjection, {});
  }

  rebuildProjection(): Promise<ProjectionAnswer> {
    return this.ask<ProjectionAnswer>(QUERIES.rebuildProjection, {});
  }

  health(service: string): Promise<HealthAnswer> {
    return this.ask<HealthAnswer>(healthPattern(service), {}, HEALTH_TIMEOUT_MS);
  }

  projectorVitals(): Promise<readonly ProjectorVitals[]> {
    return askVitals(this.connection);
  }

  private async ask<Answer>(
    pattern: string,
    question: object,
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<Answer> {
    try {
      return await this.client.ask<Answer>(pattern, question, timeoutMs);
    } catch (error) {
      const because = refusalIn(error)?.message ?? null;
      throw new QueryUnanswered(`no answer to ${pattern}`, because, { cause: error });
    }
  }
}

const timeoutOf = ({ asOf }: Pick<GetJobQuery, 'asOf'>): number =>
  asOf ? PAST_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
