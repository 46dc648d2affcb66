import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { deployedApiAt } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, readBody, sendJson, targetOf } from '../http-message.ts';
import { badRequest } from '../request-refused.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { SubmitJob } from './submit-job.ts';
import { readSubmission, type Submission } from './submission.ts';

/** 10 MiB. */
const BODY_BYTES_MAX = 10_485_760;
const KEY_LENGTH_MAX = 255;

/** `POST <endpoint>`: submits a job, or with `?dryRun=true` only checks the submission. */
@Controller()
export class SubmitJobController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(SubmitJob) private readonly submitJob: SubmitJob,
  ) {}

  @Post('*')
  async submit(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const { path, query } = targetOf(request);
    const api = await deployedApiAt(this.queries, { method: 'POST', path });
    const body = await readBody(request, BODY_BYTES_MAX);
    const submission = readSubmission(body);
    if (isTrue(query.get('dryRun'))) return answerDryRun(request, reply, submission);

    const job = await this.submitJob.execute({
      api,
      submission,
      body,
      idempotencyKey: idempotencyKeyOf(request),
      traceparent: traceparentOf(request),
    });
    sendJson(reply, stringifyWithRaw(job));
  }
}

/** What Go's `strconv.ParseBool` takes for true, as the original did; anything else is false. */
const isTrue = (value: string | null): boolean =>
  ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value ?? '');

function answerDryRun(
  request: HttpRequest,
  reply: HttpReply,
  { itemCount, batchSizeItems }: Submission,
): void {
  if (request.headers.accept?.includes('application/json') === true) {
    const batchCount = Math.ceil(itemCount / batchSizeItems);
    sendJson(reply, JSON.stringify({ item_count: itemCount, batch_count: batchCount }));
    return;
  }
  void reply.code(200).type('text/plain; charset=utf-8').send('validations passed');
}

function idempotencyKeyOf({ headers }: HttpRequest): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && key !== '' && key.length <= KEY_LENGTH_MAX) return key;
  throw badRequest(
    'idempotency_key.invalid',
    `Idempotency-Key: must have 1 to ${KEY_LENGTH_MAX} characters`,
  );
}

/** W3C Trace Context, version 00. Ids of zeros only mean that there is no trace. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** One that is not valid is as good as none, says the standard. */
function traceparentOf({ headers }: HttpRequest): string | null {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null;
}
