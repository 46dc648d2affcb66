import { hostname } from 'node:os';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { COMPUTE, type Compute } from '#libs/compute/compute.port.ts';
import {
  type HealthAnswer,
  healthPattern,
  instanceHealthPattern,
  QUERIES,
  type ReadWorkerLogAnswer,
  type ReadWorkerLogQuery,
} from '#libs/messaging/queries.ts';
import { Leader } from './leader.ts';

/** Answers what only the one who runs the workers knows. */
@Controller()
export class SchedulerController {
  constructor(
    @Inject(COMPUTE) private readonly compute: Compute,
    @Inject(Leader) private readonly leader: Leader,
  ) {}

  @MessagePattern(QUERIES.readWorkerLog)
  async readWorkerLog(@Payload() query: ReadWorkerLogQuery): Promise<ReadWorkerLogAnswer> {
    const chunk = await this.compute.readLog(query, query.offset, query.bytesMax);
    if (chunk === null) return { chunk: null };
    const { bytes, nextOffset, isOpen } = chunk;
    return { chunk: { base64: Buffer.from(bytes).toString('base64'), nextOffset, isOpen } };
  }

  @MessagePattern([healthPattern('scheduler'), instanceHealthPattern('scheduler', hostname())])
  health(): HealthAnswer {
    return {
      service: 'scheduler',
      isReady: true,
      details: { isLeading: this.leader.isLeading },
    };
  }
}
