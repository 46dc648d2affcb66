import { Controller, Get, Inject, Res } from '@nestjs/common';
import { type HttpReply, sendJson } from '../http-message.ts';

/** JSON text of the interface's description. */
export const OPENAPI_JSON = Symbol('OpenApiJson');

@Controller('openapi.json')
export class OpenApiController {
  constructor(@Inject(OPENAPI_JSON) private readonly openApiJson: string) {}

  @Get()
  describe(@Res() reply: HttpReply): void {
    sendJson(reply, this.openApiJson);
  }
}
