import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { deployedApiAt } from '../endpoint.ts';
import { type HttpReply, type HttpRequest, readBody, sendJson, targetOf } from '../http-message.ts';
import { badRequest } from '../request-refused.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { traceparentOf } from '../traceparent.ts';
import { DryRunSender } from './dry-run-sender.ts';
import { SubmitJob } from './submit-job.ts';
import { readSubmission } from './submission.ts';

/** 10 MiB. */
const BODY_BYTES_MAX = 10_485_760;
const KEY_LENGTH_MAX = 255;

/** `POST <endpoint>`: submits a job, or with `?dryRun=true` only checks the submission. */
@Controller()
export class SubmitJobController {
  constructor(
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(SubmitJob) private readonly submitJob: SubmitJob,
    @Inject(DryRunSender) private readonly dryRun: DryRunSender,
  ) {}

  @Post('*')
  async submit(@Req() request: HttpRequest, @Res() reply: HttpReply): Promise<void> {
    const { path, query } = targetOf(request);
    const api = await deployedApiAt(this.queries, { method: 'POST', path });
    const body = await readBody(request, BODY_BYTES_MAX);
    const submission = readSubmission(body);
    if (isTrue(query.get('dryRun'))) {
      const isJson = request.headers.accept?.includes('application/json') === true;
      return this.dryRun.send(reply, { submission, format: isJson ? 'json' : 'text' });
    }

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

function idempotencyKeyOf({ headers }: HttpRequest): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && key !== '' && key.length <= KEY_LENGTH_MAX) return key;
  throw badRequest(
    'idempotency_key.invalid',
    `Idempotency-Key: must have 1 to ${KEY_LENGTH_MAX} characters`,
  );
}
