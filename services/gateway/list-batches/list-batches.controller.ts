import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import { jobNotFound } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { readAt } from '../moment.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { listBatches } from './list-batches.ts';
import { readListBatchesQuery } from './list-batches-query.ts';

/** `GET /v1/jobs/<id>/batches`: what became of each batch, and every attempt at it, page by page. */
@Controller('v1/jobs/:jobId/batches')
export class ListBatchesController {
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
    const query = readListBatchesQuery(params);
    const asOf = await readAt(this.store, params, new Date());
    const job = await this.queries.getJob({ jobId: jobId(id), asOf });
    if (job === null) throw jobNotFound(id, null);
    const { batches, hasMore } = await listBatches(
      this.store,
      { apiName: job.apiName, jobId: jobId(id) },
      { ...query, until: asOf?.position ?? Infinity },
    );
    const last = batches.at(-1);
    const next_cursor = hasMore && last !== undefined ? String(last.index) : null;
    sendJson(reply, JSON.stringify({ batches, next_cursor }));
  }
}
