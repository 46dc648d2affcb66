import { Controller, Delete, Inject, Req, Res } from '@nestjs/common';
import { jobAt } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { StopJob } from './stop-job.ts';

/** `DELETE <endpoint>?jobID=`: stops a job. */
@Controller()
export class StopJobController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(StopJob) private readonly stopJob: StopJob,
  ) {}

  @Delete('*')
  async stop(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const { jobId, job } = await jobAt(this.queries, { method: 'DELETE', ...targetOf(request) });
    await this.stopJob.execute(job.apiName, jobId);
    sendJson(reply, JSON.stringify({ message: `stopped job ${jobId}` }));
  }
}
