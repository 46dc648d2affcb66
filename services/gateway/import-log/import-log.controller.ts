import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { type HttpReply, type HttpRequest, sendJson } from '../http-message.ts';
import { ImportLog } from './import-log.ts';

/** `POST /v1/audit/import`: an export of a whole log, into the empty log of a platform that only reads. */
@Controller('v1/audit/import')
export class ImportLogController {
  constructor(@Inject(ImportLog) private readonly importLog: ImportLog) {}

  @Post()
  async import(@Req() { raw }: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    try {
      const eventCount = await this.importLog.run(raw.iterator({ destroyOnReturn: false }));
      sendJson(reply, JSON.stringify({ message: `imported ${eventCount} events` }));
    } finally {
      raw.resume(); // The sender reads our answer only when it has got rid of the rest.
    }
  }
}
