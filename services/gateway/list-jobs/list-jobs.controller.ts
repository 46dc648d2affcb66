import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { readAt } from '../moment.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { readListJobsQuery } from './list-jobs-query.ts';

/** `GET /v1/jobs`: jobs of all APIs, newest first, page by page. */
@Controller('v1/jobs')
export class ListJobsController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  async list(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const params = targetOf(request).query;
    const query = readListJobsQuery(params);
    const asOf = await readAt(this.store, params, new Date());
    const page = await this.queries.listJobs({ ...query, asOf });
    sendJson(
      reply,
      stringifyWithRaw({
        jobs: new RawJson(page.jobsJson),
        next_cursor: page.hasMore ? (page.jobIds.at(-1) ?? null) : null,
      }),
    );
  }
}
