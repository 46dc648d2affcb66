import type {
  ApiAnswer,
  ApiSummary,
  FoundJob,
  GetApiQuery,
  GetJobQuery,
  HealthAnswer,
  JobAtAnswer,
  JobAtQuery,
  ListJobsAnswer,
  ListJobsQuery,
  ListWorkersAnswer,
  ListWorkersQuery,
  ProjectionAnswer,
  ReadWorkerLogAnswer,
  ReadWorkerLogQuery,
} from '#libs/messaging/queries.ts';
import type { ProjectorVitals } from '#libs/messaging/projector-vitals.ts';

/** No answer within the time a caller would wait; asking again is safe. */
export class QueryUnanswered extends Error {
  override readonly name = 'QueryUnanswered';
  /** @param because what whoever could not answer says, for whoever asked */
  constructor(
    message: string,
    readonly because: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One job as of now, and whose an endpoint is. */
export interface JobNow extends Pick<JobAtAnswer, 'apiAtEndpoint'> {
  /** `null` when there is no such job. */
  readonly found: FoundJob | null;
}

/** What the gateway asks other services. Answers have seen everything recorded before the question. */
export interface StatusQueries {
  /** `null` when there is no such job. */
  getJob(query: GetJobQuery): Promise<FoundJob | null>;
  /** The job as of now, whichever API's it is, and the API at the endpoint. */
  getJobAt(query: JobAtQuery): Promise<JobNow>;
  listJobs(query: ListJobsQuery): Promise<ListJobsAnswer>;
  /** `null` when there is no such job. */
  listWorkers(query: ListWorkersQuery): Promise<ListWorkersAnswer['page']>;
  /** `null` when no such API is deployed. */
  getApi(query: GetApiQuery): Promise<ApiAnswer | null>;
  listApis(): Promise<readonly ApiSummary[]>;
  /** `null` when the worker has no log. */
  readWorkerLog(query: ReadWorkerLogQuery): Promise<ReadWorkerLogAnswer['chunk']>;
  /** Of one of the projectors: each has its own position. */
  readProjection(): Promise<ProjectionAnswer>;
  /** Has the projection made anew from the log, unless that is under way. */
  rebuildProjection(): Promise<ProjectionAnswer>;
  /** @throws QueryUnanswered when the service does not say within a second how it is */
  health(service: string): Promise<HealthAnswer>;
  /** What every status-projector that answers says of itself; none may be there. */
  projectorVitals(): Promise<readonly ProjectorVitals[]>;
}

export const STATUS_QUERIES = Symbol('StatusQueries');
