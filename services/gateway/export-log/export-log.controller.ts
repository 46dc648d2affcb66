import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { ExportScope } from '#libs/audit/export-line.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { jobNotFound } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, targetOf } from '../http-message.ts';
import { notFound } from '../request-refused.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { ExportSender } from './export-sender.ts';

/** `GET /v1/audit/export`: the log, or what is about one API or one job, for whoever verifies or keeps it. */
@Controller('v1/audit/export')
export class ExportLogController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(ExportSender) private readonly sender: ExportSender,
  ) {}

  @Get()
  async export(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const { query } = targetOf(request);
    const scope = await this.scopeOf(query.get('api') || null, query.get('job') || null);
    return this.sender.send(reply, scope);
  }

  private async scopeOf(api: string | null, job: string | null): Promise<ExportScope> {
    if (job !== null) {
      const found = await this.queries.getJob({ jobId: jobId(job) });
      if (found === null || (api !== null && found.apiName !== api)) throw jobNotFound(job, api);
      return { apiName: found.apiName, jobId: job };
    }
    if (api !== null && !(await this.isKnown(api))) {
      throw notFound('api.not_found', `there is no API ${api}, nor a job of one, in the log`);
    }
    return { apiName: api, jobId: null };
  }

  /** Of an API that was deleted, its jobs are left. */
  private async isKnown(name: string): Promise<boolean> {
    if ((await this.queries.getApi({ name: apiName(name) })) !== null) return true;
    const ofApi = { apiName: apiName(name), statuses: null, after: null, countMax: 1 };
    return (await this.queries.listJobs(ofApi)).jobIds.length > 0;
  }
}
