import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { jobAt, jobNotFound } from '../endpoint.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.ts';
import {
  baseUrlOf,
  type HttpReply,
  type HttpRequest,
  sendJson,
  targetOf,
} from '../http-message.ts';
import { RequestRefused } from '../request-refused.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { jobStatusAnswer } from './job-status-answer.ts';

/** Answering a question about the past with the present would be a wrong answer. */
const pastNotSupported = (): RequestRefused =>
  new RequestRefused({
    status: 501,
    kind: 'past.not_supported_yet',
    message: 'query param at: the state of a job at an earlier moment is not supported yet',
  });

/** `GET <endpoint>?jobID=` and `GET /v1/jobs/<id>`: the status document of one job. */
@Controller()
export class GetJobController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'publicUrl'>,
  ) {}

  @Get('v1/jobs/:jobId')
  async byId(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    if (targetOf(request).query.has('at')) throw pastNotSupported();
    const job = await this.queries.getJob({ jobId: jobId(id) });
    if (job === null) throw jobNotFound(id, null);
    sendJson(reply, jobStatusAnswer(jobId(id), job, baseUrlOf(request, this.config.publicUrl)));
  }

  @Get('*')
  async atEndpoint(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const job = await jobAt(this.queries, { method: 'GET', ...targetOf(request) });
    sendJson(reply, jobStatusAnswer(job.jobId, job, baseUrlOf(request, this.config.publicUrl)));
  }
}
