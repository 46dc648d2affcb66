import type { LoggerService } from '@nestjs/common';
import type { Logger } from '../logger.ts';

/** Sends Nest's own messages to the service's logger, as `debug`: they are about wiring. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, context?: unknown): void {
    this.logger.error({ context }, String(message));
  }
}
