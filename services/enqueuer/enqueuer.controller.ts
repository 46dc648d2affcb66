import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type HealthAnswer, healthPattern } from '#libs/messaging/queries.ts';

/** Tells that an enqueuer is there. */
@Controller()
export class EnqueuerController {
  @MessagePattern(healthPattern('enqueuer'))
  health(): HealthAnswer {
    return { service: 'enqueuer', isReady: true, details: {} };
  }
}
