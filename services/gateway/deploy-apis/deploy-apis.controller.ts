import { Controller, Inject, Put, Req, Res } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.ts';
import { baseUrlOf, type HttpReply, type HttpRequest, sendJson } from '../http-message.ts';
import { DeployApis } from './deploy-apis.ts';
import { readDeploymentRequest } from './deployment-request.ts';

/** `PUT /v1/apis`: deploys a list of APIs. */
@Controller('v1/apis')
export class DeployApisController {
  constructor(
    @Inject(DeployApis) private readonly deployApis: DeployApis,
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'publicUrl'>,
  ) {}

  @Put()
  async deploy(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const deployed = await this.deployApis.execute(await readDeploymentRequest(request));
    const baseUrl = baseUrlOf(request, this.config.publicUrl);
    const answer = deployed.map(({ api, message }) => ({
      api,
      endpoint: `${baseUrl}${api.networking.endpoint}`,
      message,
    }));
    sendJson(reply, JSON.stringify(answer));
  }
}
