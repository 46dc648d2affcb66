import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { HttpReply } from '../http-message.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';
import { GatewayMetrics } from './gateway-metrics.ts';

/** `GET /metrics`: for Prometheus. Told also when no projector answers. */
@Controller()
export class ReadMetricsController {
  constructor(
    @Inject(GatewayMetrics) private readonly metrics: GatewayMetrics,
    @Inject(STATUS_QUERIES) private readonly queries: StatusQueries,
  ) {}

  @Get('metrics')
  async read(@Res() reply: HttpReply): Promise<void> {
    const projectors = await this.queries.projectorVitals().catch(() => []);
    const text = await this.metrics.text(projectors);
    void reply.code(200).type(this.metrics.contentType).send(text);
  }
}
