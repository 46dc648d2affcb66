import { hostname } from 'node:os';
import { Controller, Inject, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  type GetApiAnswer,
  type GetApiQuery,
  type GetJobAnswer,
  type GetJobQuery,
  type GetJobsAnswer,
  type GetJobsQuery,
  type HealthAnswer,
  healthPattern,
  instanceHealthPattern,
  type ListApisAnswer,
  type ListJobsAnswer,
  type ListJobsQuery,
  type ListWorkersAnswer,
  type ListWorkersQuery,
  type ProjectionAnswer,
  QUERIES,
} from '#libs/messaging/queries.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ArchiveFilter } from './archive.filter.ts';
import { getApi, listApis } from './find-apis/find-apis.ts';
import { JobAnswers } from './job-answers.ts';
import { Vitals } from './tell-vitals/vitals.ts';
import { RebuildProjection } from './rebuild-projection/rebuild-projection.ts';

export const VIEW_FOLLOWER = Symbol('ViewFollower');

/** Answers from views, once it holds everything that was recorded before the question. */
@Controller()
@UseFilters(ArchiveFilter)
export class StatusQueriesController {
  constructor(
    @Inject(VIEW_FOLLOWER) private readonly follower: ViewFollower,
    @Inject(JobAnswers) private readonly answers: JobAnswers,
    @Inject(Vitals) private readonly vitals: Vitals,
    @Inject(RebuildProjection) private readonly rebuild: RebuildProjection,
  ) {}

  @MessagePattern(QUERIES.getJob)
  getJob(@Payload() query: GetJobQuery): Promise<GetJobAnswer> {
    return this.answers.getJob(query);
  }

  @MessagePattern(QUERIES.getJobs)
  getJobs(@Payload() query: GetJobsQuery): Promise<GetJobsAnswer> {
    return this.answers.getJobs(query);
  }

  @MessagePattern(QUERIES.listJobs)
  listJobs(@Payload() query: ListJobsQuery): Promise<ListJobsAnswer> {
    return this.answers.listJobs(query);
  }

  @MessagePattern(QUERIES.listWorkers)
  listWorkers(@Payload() query: ListWorkersQuery): Promise<ListWorkersAnswer> {
    return this.answers.listWorkers(query);
  }

  @MessagePattern(QUERIES.getApi)
  async getApi(@Payload() query: GetApiQuery): Promise<GetApiAnswer> {
    await this.follower.caughtUp();
    return getApi(this.follower.view, query);
  }

  @MessagePattern(QUERIES.listApis)
  async listApis(): Promise<ListApisAnswer> {
    await this.follower.caughtUp();
    return listApis(this.follower.view);
  }

  @MessagePattern(QUERIES.readProjection)
  readProjection(): Promise<ProjectionAnswer> {
    return this.rebuild.read();
  }

  @MessagePattern(QUERIES.rebuildProjection)
  rebuildProjection(): Promise<ProjectionAnswer> {
    return this.rebuild.request();
  }

  @MessagePattern([
    healthPattern('status-projector'),
    instanceHealthPattern('status-projector', hostname()),
  ])
  async health(): Promise<HealthAnswer> {
    // Without catching up: one that is behind has to be able to say so.
    const vitals = await this.vitals.read();
    const { position, lagEvents, lagMs, parkedEvents } = vitals;
    return {
      service: 'status-projector',
      isReady: this.vitals.isReady(vitals),
      details: {
        position,
        lagEvents: lagEvents ?? 'unknown',
        lagSeconds: lagMs / 1000,
        jobs: this.follower.view.jobs.size + this.follower.view.ended.size,
        parkedEvents,
      },
    };
  }
}
