import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import { jobAt, jobNotFound } from '../endpoint.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.ts';
import {
  baseUrlOf,
  type HttpReply,
  type HttpRequest,
  sendJson,
  targetOf,
} from '../http-message.ts';
import { readAt } from '../moment.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { jobStatusAnswer } from './job-status-answer.ts';

/** `GET <endpoint>?jobID=` and `GET /v1/jobs/<id>`: the status document of one job, now or then. */
@Controller()
export class GetJobController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'publicUrl'>,
  ) {}

  @Get('v1/jobs/:jobId')
  async byId(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const asOf = await readAt(this.store, targetOf(request).query, new Date());
    const job = await this.queries.getJob({ jobId: jobId(id), asOf });
    if (job === null) throw jobNotFound(id, null);
    sendJson(reply, jobStatusAnswer(jobId(id), job, baseUrlOf(request, this.config.publicUrl)));
  }

  @Get('*')
  async atEndpoint(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const { path, query } = targetOf(request);
    const asOf = await readAt(this.store, query, new Date());
    const { jobId: id, job } = await jobAt(this.queries, { method: 'GET', path, query });
    const then = asOf === null ? job : await this.queries.getJob({ jobId: id, asOf });
    if (then === null) throw jobNotFound(id, job.apiName);
    sendJson(reply, jobStatusAnswer(id, then, baseUrlOf(request, this.config.publicUrl)));
  }
}
