import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type HealthAnswer, healthPattern } from '#libs/messaging/queries.ts';
import { RelayLog } from './relay-log/relay-log.ts';

/** Tells how far the relay is. */
@Controller()
export class RelayController {
  constructor(@Inject(RelayLog) private readonly relay: RelayLog) {}

  @MessagePattern(healthPattern('relay'))
  async health(): Promise<HealthAnswer> {
    const { isLeading, position } = this.relay;
    const logPosition = await this.relay.logPosition();
    return { service: 'relay', isReady: true, details: { isLeading, position, logPosition } };
  }
}
