import { hostname } from 'node:os';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  type HealthAnswer,
  healthPattern,
  instanceHealthPattern,
} from '#libs/messaging/queries.ts';
import { pause } from '#libs/platform/pause.ts';
import { RelayLog } from './relay-log/relay-log.ts';

const ANSWER_MS_MAX = 1000;

/** Tells how far the relay is. One that waits for its log to come back is as ready as it can be. */
@Controller()
export class RelayController {
  constructor(@Inject(RelayLog) private readonly relay: RelayLog) {}

  @MessagePattern([healthPattern('relay'), instanceHealthPattern('relay', hostname())])
  async health(): Promise<HealthAnswer> {
    const { isLeading, position } = this.relay;
    const logPosition = await this.logPosition();
    return { service: 'relay', isReady: true, details: { isLeading, position, logPosition } };
  }

  private logPosition(): Promise<number | 'unknown'> {
    return Promise.race([
      this.relay.logPosition().catch(() => 'unknown' as const),
      pause(ANSWER_MS_MAX).then(() => 'unknown' as const),
    ]);
  }
}
