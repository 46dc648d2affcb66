import { describe, expect, it } from '@jest/globals';
import { DeadLetterQueueUnusable } from './batch-queue.port.ts';
import { parseQueueArn } from './queue-arn.ts';

describe('the ARN of a queue', () => {
  it('says region, account and name', () => {
    expect(parseQueueArn('arn:aws-cn:sqs:cn-north-1:123456789012:failed_ones.fifo')).toEqual({
      region: 'cn-north-1',
      accountId: '123456789012',
      queueName: 'failed_ones.fifo',
    });
  });

  it.each(['', 'failed', 'arn:aws:sns:us-west-2:1:failed', 'arn:aws:sqs:us-west-2:1:a/b'])(
    '"%s" is refused',
    (arn) => {
      expect(() => parseQueueArn(arn)).toThrow(DeadLetterQueueUnusable);
    },
  );
});
