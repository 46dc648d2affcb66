import { Module } from '@nestjs/common';
import { EnqueuerController } from './enqueuer.controller.ts';

/**
 * Turns a job's input into batches.
 *
 * In: `JobSubmitted`, shared among all enqueuers. Out: batches on the job's queue, `BatchEnqueued`,
 * then `EnqueuingCompleted` or `EnqueuingFailed`. Any number of instances.
 */
@Module({ controllers: [EnqueuerController] })
export class EnqueuerModule {}
