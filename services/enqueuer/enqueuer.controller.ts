import { hostname } from 'node:os';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  type HealthAnswer,
  healthPattern,
  instanceHealthPattern,
} from '#libs/messaging/queries.ts';

/** Tells that an enqueuer is there. */
@Controller()
export class EnqueuerController {
  @MessagePattern([healthPattern('enqueuer'), instanceHealthPattern('enqueuer', hostname())])
  health(): HealthAnswer {
    return { service: 'enqueuer', isReady: true, details: {} };
  }
}
