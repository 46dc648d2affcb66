import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { jobNotFound } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { readListWorkersQuery } from './list-workers-query.ts';

/** `GET /v1/jobs/<id>/workers`: each worker of a job, also after its end, page by page. */
@Controller('v1/jobs/:jobId/workers')
export class ListWorkersController {
  constructor(@Inject(STATUS_QUERIES) private readonly queries: StatusQueries) {}

  @Get()
  async list(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const { countMax, after } = readListWorkersQuery(targetOf(request).query);
    const page = await this.queries.listWorkers({ jobId: jobId(id), countMax, after });
    if (page === null) throw jobNotFound(id, null);
    const { workers, hasMore } = page;
    const next_cursor = hasMore ? (workers.at(-1)?.worker_id ?? null) : null;
    sendJson(reply, JSON.stringify({ workers, next_cursor }));
  }
}
