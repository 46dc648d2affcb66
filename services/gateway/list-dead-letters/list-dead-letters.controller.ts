import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { type HttpReply, type HttpRequest, sendJson, targetOf } from '../http-message.ts';
import { ListDeadLetters } from './list-dead-letters.ts';

/** `GET /v1/jobs/<id>/dead-letters`, with `?payload=true` including the items. */
@Controller('v1/jobs/:jobId/dead-letters')
export class ListDeadLettersController {
  constructor(@Inject(ListDeadLetters) private readonly listDeadLetters: ListDeadLetters) {}

  @Get()
  async list(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const hasPayloads = targetOf(request).query.get('payload') === 'true';
    sendJson(reply, stringifyWithRaw(await this.listDeadLetters.execute(jobId(id), hasPayloads)));
  }
}
