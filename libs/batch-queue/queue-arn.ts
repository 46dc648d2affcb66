import { DeadLetterQueueUnusable } from './batch-queue.port.ts';

const SQS_ARN = /^arn:[^:]+:sqs:([^:]*):([^:]*):([\w-]{1,80}(?:\.fifo)?)$/;

/** What the ARN of an SQS queue says. */
export interface QueueArn {
  readonly region: string;
  readonly accountId: string;
  readonly queueName: string;
}

/** @throws DeadLetterQueueUnusable when it is not the ARN of an SQS queue */
export function parseQueueArn(arn: string): QueueArn {
  const [whole, region = '', accountId = '', queueName = ''] = SQS_ARN.exec(arn) ?? [];
  if (whole === undefined) {
    throw new DeadLetterQueueUnusable(
      `"${arn}" is not the ARN of an SQS queue (e.g. arn:aws:sqs:us-west-2:123456789012:failed)`,
    );
  }
  return { region, accountId, queueName };
}
