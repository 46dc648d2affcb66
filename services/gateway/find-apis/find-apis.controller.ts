import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { ApiSummary } from '#libs/messaging/queries.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.ts';
import { baseUrlOf, type HttpReply, type HttpRequest, sendJson } from '../http-message.ts';
import { notFound } from '../request-refused.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';

const JOBS_SHOWN = 10;

/** `GET /v1/apis` and `GET /v1/apis/<name>`: what is deployed. */
@Controller('v1/apis')
export class FindApisController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'publicUrl'>,
  ) {}

  @Get()
  async list(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const baseUrl = baseUrlOf(request, this.config.publicUrl);
    const apis = await this.queries.listApis();
    sendJson(reply, JSON.stringify(apis.map((api) => inAnswers(api, baseUrl))));
  }

  /** With its newest jobs and what was deployed. */
  @Get(':name')
  async byName(
    @Param('name') given: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const name = apiName(given);
    const [api, page] = await Promise.all([
      this.queries.getApi({ name }),
      this.queries.listJobs({ apiName: name, statuses: null, countMax: JOBS_SHOWN, after: null }),
    ]);
    if (api === null) throw notFound('api.not_deployed', `${given} is not deployed`);
    const answer = {
      spec: api.spec,
      endpoint: `${baseUrlOf(request, this.config.publicUrl)}${api.spec.networking.endpoint}`,
      job_statuses: new RawJson(page.jobsJson),
      api_versions: api.versions.map(({ id, deployedAt }) => ({
        api_id: id,
        last_updated: deployedAt,
      })),
    };
    sendJson(reply, stringifyWithRaw(answer));
  }
}

const inAnswers = (api: ApiSummary, baseUrl: string): object => ({
  name: api.name,
  kind: 'BatchAPI',
  api_id: api.id,
  endpoint: `${baseUrl}${api.endpoint}`,
  last_updated: api.deployedAt,
  active_job_count: api.activeJobCount,
  latest_job: api.latestJob && {
    job_id: api.latestJob.jobId,
    created_time: api.latestJob.createdAt,
  },
});
