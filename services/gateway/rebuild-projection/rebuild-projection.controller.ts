import { Controller, Get, Inject, Post, Res } from '@nestjs/common';
import type { ProjectionAnswer } from '#libs/messaging/queries.ts';
import { type HttpReply, sendJson } from '../http-message.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';

const ACCEPTED = 202;

/** `GET /v1/projections/status` and `POST …/rebuild`: what jobs are shown from, and making it anew. */
@Controller('v1/projections/status')
export class RebuildProjectionController {
  constructor(@Inject(STATUS_QUERIES) private readonly queries: StatusQueries) {}

  @Get()
  async read(@Res() reply: HttpReply): Promise<void> {
    sendJson(reply, JSON.stringify(inAnswers(await this.queries.readProjection())));
  }

  @Post('rebuild')
  async rebuild(@Res() reply: HttpReply): Promise<void> {
    sendJson(reply, JSON.stringify(inAnswers(await this.queries.rebuildProjection())), ACCEPTED);
  }
}

const inAnswers = ({ rebuild, ...now }: ProjectionAnswer): object => ({
  generation: now.generation,
  position: now.position,
  jobs_in_memory: now.jobsInMemory,
  ended_jobs: now.endedJobs,
  rebuild: rebuild && {
    generation: rebuild.generation,
    requested_time: rebuild.requestedAt,
    position: rebuild.position,
    last_position: rebuild.lastPosition,
  },
});
