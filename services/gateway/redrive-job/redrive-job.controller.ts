import { Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { type HttpReply, type HttpRequest, readBody, sendJson } from '../http-message.ts';
import { traceparentOf } from '../traceparent.ts';
import { readRedriveBody } from './redrive-body.ts';
import { RedriveJob } from './redrive-job.ts';

/** `{"workers": …}` and nothing else. */
const BODY_BYTES_MAX = 65_536;

/** `POST /v1/jobs/<id>/redrive`: submits the job's dead letters again. */
@Controller('v1/jobs/:jobId/redrive')
export class RedriveJobController {
  constructor(@Inject(RedriveJob) private readonly redriveJob: RedriveJob) {}

  @Post()
  @HttpCode(200)
  async redrive(
    @Param('jobId') id: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const { workers } = readRedriveBody(await readBody(request, BODY_BYTES_MAX));
    const job = await this.redriveJob.execute({
      parentJobId: jobId(id),
      workers,
      traceparent: traceparentOf(request),
    });
    sendJson(reply, stringifyWithRaw(job));
  }
}
