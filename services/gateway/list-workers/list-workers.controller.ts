import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import { jobNotFound } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { readAt } from '../moment.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { readListWorkersQuery } from './list-workers-query.ts';

/** `GET /v1/jobs/<id>/workers`: each worker of a job, also after its end, page by page. */
@Controller('v1/jobs/:jobId/workers')
export class ListWorkersController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  async list(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const params = targetOf(request).query;
    const { countMax, after } = readListWorkersQuery(params);
    const asOf = await readAt(this.store, params, new Date());
    const page = await this.queries.listWorkers({ jobId: jobId(id), countMax, after, asOf });
    if (page === null) throw jobNotFound(id, null);
    const { workers, hasMore } = page;
    const next_cursor = hasMore ? (workers.at(-1)?.worker_id ?? null) : null;
    sendJson(reply, JSON.stringify({ workers, next_cursor }));
  }
}
