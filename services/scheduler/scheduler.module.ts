import { type DynamicModule, Module } from '@nestjs/common';
import { COMPUTE, type Compute } from '#libs/compute/compute.port.ts';
import { Leader } from './leader.ts';
import { SchedulerController } from './scheduler.controller.ts';

/**
 * Sees every job through: workers, timeout, stop, completion hook, end.
 *
 * In: every event of the log. Out: workers on the compute backend, `WorkerStateChanged`,
 * `JobCompleted`. One instance leads, others stand by.
 */
@Module({})
export class SchedulerModule {
  static with(deps: { readonly compute: Compute; readonly leader: Leader }): DynamicModule {
    return {
      module: SchedulerModule,
      controllers: [SchedulerController],
      providers: [
        { provide: COMPUTE, useValue: deps.compute },
        { provide: Leader, useValue: deps.leader },
      ],
    };
  }
}
