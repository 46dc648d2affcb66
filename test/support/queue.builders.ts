import { randomBytes } from 'node:crypto';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type {
  JobQueueKey,
  LeasedBatch,
  OutgoingBatch,
  QueueSettings,
} from '#libs/batch-queue/batch-queue.port.ts';

export const NO_DEAD_LETTERS: QueueSettings = { deadLetterQueue: null };

/** An ARN for adapters that need no queue behind it. */
export const aQueueArn = (): string =>
  `arn:aws:sqs:us-east-1:000000000000:failed-${randomBytes(4).toString('hex')}`;

export const aQueueKey = (): JobQueueKey => ({
  apiName: apiName('some-api'),
  jobId: jobId(randomBytes(8).toString('hex')),
});

export const aBatch = (index: number, text = `[${index}]`): OutgoingBatch => ({
  index,
  payload: new TextEncoder().encode(text),
});

export const batchesOf = (count: number): OutgoingBatch[] =>
  Array.from({ length: count }, (_, index) => aBatch(index));

export const indexesOf = (batches: readonly LeasedBatch[]): number[] =>
  batches.map(({ index }) => index);
