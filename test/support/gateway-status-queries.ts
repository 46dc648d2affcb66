import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { EndedJobs } from '#libs/projection/ended-jobs.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type {
  ApiAnswer,
  ApiSummary,
  FoundJob,
  GetApiQuery,
  GetJobQuery,
  HealthAnswer,
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
import { KnownJobs } from '../../services/gateway/known-jobs.ts';
import {
  type JobNow,
  QueryUnanswered,
  type StatusQueries,
} from '../../services/gateway/status-queries.port.ts';
import { getApi, listApis } from '../../services/status-projector/find-apis/find-apis.ts';
import { JobAnswers } from '../../services/status-projector/job-answers.ts';
import { tenMinutesRule } from './view.builders.ts';

/** Answers as the status-projector does, in this process: a fold over the store, caught up first. */
export class FoldedStatusQueries implements StatusQueries {
  /** Services that do not say how they are. */
  readonly silentServices = new Set<string>();
  /** Output by `<job>/<worker>`. */
  readonly workerLogs = new Map<string, string>();
  /** What projectors say of themselves. */
  vitals: readonly ProjectorVitals[] = [];
  isDown = false;
  rebuild: ProjectionAnswer['rebuild'] = null;
  stalledRule = tenMinutesRule;
  private readonly view = new PlatformView();

  private readonly answers: JobAnswers;
  private readonly known = new KnownJobs((query) => this.answers.getJobs(query));

  constructor(private readonly store: EventStore) {
    const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
    const documents = new InMemoryDocumentStore();
    const deps = { store, snapshots, documents, logger: silentLogger };
    this.answers = new JobAnswers({
      ...deps,
      followed: {
        view: this.view,
        ended: new EndedJobs(deps, 1, false),
        caughtUp: async () => void (await this.caughtUp()),
        job: (id: JobId): Promise<JobView | null> =>
          Promise.resolve(this.view.jobs.get(id) ?? null),
      },
      stalledRule: () => this.stalledRule(),
    });
  }

  async getJob(query: GetJobQuery): Promise<FoundJob | null> {
    return (await this.answers.getJob(query)).found;
  }

  async getJobAt(query: JobAtQuery): Promise<JobNow> {
    const [answer] = await this.known.ask({ jobs: [query] });
    return answer ?? { found: null, apiAtEndpoint: null };
  }

  async listJobs(query: ListJobsQuery): Promise<ListJobsAnswer> {
    return this.answers.listJobs(query);
  }

  async listWorkers(query: ListWorkersQuery): Promise<ListWorkersAnswer['page']> {
    return (await this.answers.listWorkers(query)).page;
  }

  async getApi(query: GetApiQuery): Promise<ApiAnswer | null> {
    return getApi(await this.caughtUp(), query).api;
  }

  async listApis(): Promise<readonly ApiSummary[]> {
    return listApis(await this.caughtUp()).apis;
  }

  async readWorkerLog(query: ReadWorkerLogQuery): Promise<ReadWorkerLogAnswer['chunk']> {
    const log = this.workerLogs.get(`${query.jobId}/${query.workerId}`);
    if (log === undefined) return null;
    const bytes = Buffer.from(log).subarray(query.offset, query.offset + query.bytesMax);
    return {
      base64: bytes.toString('base64'),
      nextOffset: query.offset + bytes.length,
      isOpen: false,
    };
  }

  async readProjection(): Promise<ProjectionAnswer> {
    const { position, jobs, ended } = await this.caughtUp();
    const { rebuild } = this;
    return { generation: 1, position, jobsInMemory: jobs.size, endedJobs: ended.size, rebuild };
  }

  rebuildProjection(): Promise<ProjectionAnswer> {
    const requestedAt = '2026-11-23T10:00:00.000Z';
    this.rebuild ??= { generation: 2, requestedAt, position: 0, lastPosition: 7 };
    return this.readProjection();
  }

  async health(service: string): Promise<HealthAnswer> {
    if (this.silentServices.has(service)) throw new QueryUnanswered(`no answer of ${service}`);
    return { service, isReady: true, details: { lagEvents: 0 } };
  }

  async projectorVitals(): Promise<readonly ProjectorVitals[]> {
    if (this.isDown) throw new QueryUnanswered('no answer');
    return this.vitals;
  }

  private async caughtUp(): Promise<PlatformView> {
    if (this.isDown) throw new QueryUnanswered('no answer');
    const last = await this.store.lastPosition();
    if (this.view.position >= last) return this.view;
    const enough = new AbortController();
    for await (const entries of this.store.follow(this.view.position, enough.signal)) {
      for (const entry of entries) if (entry.kind === 'event') this.view.apply(entry.logged);
      if (this.view.position >= last) break;
    }
    enough.abort();
    return this.view;
  }
}
