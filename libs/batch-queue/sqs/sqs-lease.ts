import type { Message } from '@aws-sdk/client-sqs';
import { type JobId, parseBatchId } from '#libs/domain/kernel/ids.ts';
import type { LeasedBatch } from '../batch-queue.port.ts';
import { payloadOfMessage } from './message-text.ts';

/**
 * A received message, and whether it is still ours to settle. Times are of `performance.now()`: a
 * changed wall clock does not make a lease longer.
 */
export class SqsLease implements LeasedBatch {
  readonly index: number;
  readonly attempt: number;
  readonly payload: Uint8Array;
  readonly receiptHandle: string;
  private isSettled = false;

  private constructor(
    { Attributes = {}, ReceiptHandle = '', ...content }: Message,
    index: number,
    private endsAt: number,
  ) {
    this.index = index;
    this.attempt = Math.max(1, Number(Attributes.ApproximateReceiveCount ?? 1));
    this.payload = payloadOfMessage(content);
    this.receiptHandle = ReceiptHandle;
  }

  /** @returns `null` when the message is not a batch of `job`: somebody else sent it */
  static of(message: Message, job: JobId, endsAt: number): SqsLease | null {
    const id = parseBatchId(message.Attributes?.MessageDeduplicationId ?? '');
    return id === null || id.job !== job ? null : new SqsLease(message, id.index, endsAt);
  }

  isHeld(now: number): boolean {
    return !this.isSettled && now < this.endsAt;
  }

  renew(endsAt: number): void {
    this.endsAt = endsAt;
  }

  settle(): void {
    this.isSettled = true;
  }

  /** Whether SQS still takes what is said about it, settled or not. */
  isCurrent(now: number): boolean {
    return now < this.endsAt;
  }
}
