import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { readListJobsQuery } from './list-jobs-query.ts';

/** `GET /v1/jobs`: jobs of all APIs, newest first, page by page. */
@Controller('v1/jobs')
export class ListJobsController {
  constructor(@Inject(STATUS_QUERIES) private readonly queries: StatusQueries) {}

  @Get()
  async list(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const page = await this.queries.listJobs(readListJobsQuery(targetOf(request).query));
    sendJson(
      reply,
      stringifyWithRaw({
        jobs: new RawJson(page.jobsJson),
        next_cursor: page.hasMore ? (page.jobIds.at(-1) ?? null) : null,
      }),
    );
  }
}
