import { hostname } from 'node:os';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import {
  type GetApiAnswer,
  type GetApiQuery,
  type GetJobAnswer,
  type GetJobQuery,
  type HealthAnswer,
  healthPattern,
  instanceHealthPattern,
  type ListApisAnswer,
  type ListJobsAnswer,
  type ListJobsQuery,
  type ListWorkersAnswer,
  type ListWorkersQuery,
  QUERIES,
} from '#libs/messaging/queries.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { getApi, listApis } from './find-apis/find-apis.ts';
import { getJob } from './get-job/get-job.ts';
import { listJobs } from './list-jobs/list-jobs.ts';
import { listWorkers } from './list-workers/list-workers.ts';

export const VIEW_FOLLOWER = Symbol('ViewFollower');
export const STALLED_RULE = Symbol('StalledRule');

/** Answers from the view, once it holds everything that was recorded before the question. */
@Controller()
export class StatusQueriesController {
  constructor(
    @Inject(VIEW_FOLLOWER) private readonly follower: ViewFollower,
    @Inject(STALLED_RULE) private readonly stalledRule: () => StalledRule,
  ) {}

  @MessagePattern(QUERIES.getJob)
  async getJob(@Payload() query: GetJobQuery): Promise<GetJobAnswer> {
    await this.follower.caughtUp();
    return getJob(this.follower.view, query, this.stalledRule());
  }

  @MessagePattern(QUERIES.listJobs)
  async listJobs(@Payload() query: ListJobsQuery): Promise<ListJobsAnswer> {
    await this.follower.caughtUp();
    return listJobs(this.follower.view, query, this.stalledRule());
  }

  @MessagePattern(QUERIES.listWorkers)
  async listWorkers(@Payload() query: ListWorkersQuery): Promise<ListWorkersAnswer> {
    await this.follower.caughtUp();
    return listWorkers(this.follower.view, query, this.stalledRule());
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

  @MessagePattern([
    healthPattern('status-projector'),
    instanceHealthPattern('status-projector', hostname()),
  ])
  async health(): Promise<HealthAnswer> {
    await this.follower.caughtUp();
    return {
      service: 'status-projector',
      isReady: true,
      details: {
        position: this.follower.position,
        jobs: this.follower.view.jobs.size,
        parkedEvents: this.follower.parked.length,
      },
    };
  }
}
