import { Controller, Get, Inject, Res } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.ts';
import { type HttpReply, sendJson } from '../http-message.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { readReadiness } from './readiness.ts';

@Controller()
export class HealthController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'isReadOnly'>,
  ) {}

  /** Whether this process serves requests; it says nothing of other services. */
  @Get('livez')
  live(@Res() reply: HttpReply): void {
    sendJson(reply, JSON.stringify({ status: 'alive' }));
  }

  /** Whether a job submitted now would run. */
  @Get('readyz')
  async ready(@Res() reply: HttpReply): Promise<void> {
    const { isReady, services } = await readReadiness(this.store, this.queries, this.config);
    const status = isReady ? 'ready' : 'not_ready';
    sendJson(reply, JSON.stringify({ status, services: inAnswers(services) }), isReady ? 200 : 503);
  }
}

/** Members of answers are written in snake case. */
const inAnswers = (services: Awaited<ReturnType<typeof readReadiness>>['services']): object =>
  Object.fromEntries(
    Object.entries(services).map(([name, { isReady, details }]) => [
      name,
      { is_ready: isReady, details },
    ]),
  );
