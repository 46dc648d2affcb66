import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import { type JobId, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { jobNotFound } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, targetOf } from '../http-message.ts';
import { badRequest, notFound } from '../request-refused.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';

/** As base64 it fits a NATS message four times. */
const CHUNK_BYTES_MAX = 196_608;

/** `GET /v1/jobs/<id>/workers/<worker>/log?offset=`: what a worker's handler printed. */
@Controller('v1/jobs/:jobId/workers/:workerId/log')
export class ReadWorkerLogController {
  constructor(@Inject(STATUS_QUERIES) private readonly queries: StatusQueries) {}

  @Get()
  async read(
    @Param('jobId') id: string,
    @Param('workerId') ordinal: string,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const offset = offsetOf(targetOf(request).query);
    const job = await this.queries.getJob({ jobId: jobId(id) });
    if (job === null) throw jobNotFound(id, null);
    const chunk = /^(0|[1-9]\d{0,8})$/.test(ordinal)
      ? await this.queries.readWorkerLog({
          apiName: job.apiName,
          jobId: jobId(id),
          workerId: workerId(Number(ordinal)),
          offset,
          bytesMax: CHUNK_BYTES_MAX,
        })
      : null;
    if (chunk === null)
      throw notFound('worker.log_not_found', `job ${id} has no log of worker ${ordinal}`);
    void reply
      .code(200)
      .type('text/plain; charset=utf-8')
      .headers({
        'X-Cortex-Next-Offset': String(chunk.nextOffset),
        'X-Cortex-Log-Open': String(
          chunk.isOpen ||
            !hasEnded(job.status) ||
            !(await this.hasLeft(jobId(id), Number(ordinal))),
        ),
      })
      .send(Buffer.from(chunk.base64, 'base64'));
  }

  /** A standby scheduler may have answered: it reads the same log and knows of no worker. */
  private async hasLeft(id: JobId, ordinal: number): Promise<boolean> {
    const after = ordinal === 0 ? null : workerId(ordinal - 1);
    const page = await this.queries.listWorkers({ jobId: id, countMax: 1, after });
    const state = page?.workers[0]?.state;
    return state === 'succeeded' || state === 'failed';
  }
}

function offsetOf(query: URLSearchParams): number {
  const offset = query.get('offset') || '0';
  if (/^\d{1,15}$/.test(offset)) return Number(offset);
  throw badRequest(
    'field.invalid',
    `query param offset: must be a number of bytes (got "${offset}")`,
  );
}
