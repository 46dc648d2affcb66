import { Controller, Delete, Inject, Param, Res } from '@nestjs/common';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { API_NAME } from '../api-names.ts';
import { type HttpReply, sendJson } from '../http-message.ts';
import { notFound } from '../request-refused.ts';
import { DeleteApi } from './delete-api.ts';

/** `DELETE /v1/apis/<name>`. */
@Controller('v1/apis/:name')
export class DeleteApiController {
  constructor(@Inject(DeleteApi) private readonly deleteApi: DeleteApi) {}

  @Delete()
  async delete(@Param('name') name: string, @Res() reply: HttpReply): Promise<void> {
    if (!API_NAME.test(name)) throw notFound('api.not_deployed', `${name} is not deployed`);
    await this.deleteApi.execute(apiName(name));
    sendJson(reply, JSON.stringify({ message: `deleting ${name}` }));
  }
}
