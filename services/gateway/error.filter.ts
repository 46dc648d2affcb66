import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '#libs/platform/logger.ts';
import type { HttpReply } from './http-message.ts';
import { problemOf } from './problem-of.ts';
import type { Problem } from './request-refused.ts';

const UNEXPECTED: Problem = {
  status: 500,
  kind: 'internal',
  message: 'something went wrong in the gateway; its log says what',
};

/** Answers every error as `{"kind", "message"}`. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = problemOf(error) ?? UNEXPECTED;
    if (problem.status >= 500)
      this.logger.error({ err: error, kind: problem.kind }, 'request failed');
    const reply = host.switchToHttp().getResponse<HttpReply>();
    if (reply.sent) return;
    void reply
      .code(problem.status)
      .headers(problem.headers ?? {})
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ kind: problem.kind, message: problem.message }));
  }
}
