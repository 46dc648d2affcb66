import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from '../logger.ts';
import { natsTransport } from './nats-transport.ts';
import { NestLogger } from './nest-logger.ts';

export interface MicroserviceOptions {
  readonly natsUrl: string;
  /** Name of the service, as in `npm start`'s list: its instances share the questions. */
  readonly service: string;
  readonly logger: Logger;
}

/** Answers questions over NATS by the module's controllers. Resolves, and says so, when it does. */
export async function startMicroservice(
  module: Type | DynamicModule,
  { natsUrl, service, logger }: MicroserviceOptions,
): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice(module, {
    ...natsTransport(natsUrl, service),
    logger: new NestLogger(logger),
  });
  await app.listen();
  logger.info('ready');
  return app;
}
