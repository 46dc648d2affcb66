import type { Message, MessageAttributeValue, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { batchId, type JobId, parseBatchId } from '#libs/domain/kernel/ids.ts';
import type { DeadLetter, JobQueueKey, StoredDeadLetter } from '../batch-queue.port.ts';
import { messageText, payloadOfMessage, plainText } from './message-text.ts';

/** In UTF-16 units. With it and a batch of 256 KiB a message stays far below the 1 MiB SQS takes. */
const REASON_LENGTH_MAX = 4096;
/** SQS moved the batch by itself, which it says nothing about. */
const MOVED_BY_SQS: Reason = {
  kind: 'queue.redriven',
  message:
    'SQS moved the batch after it was received too often; why its attempts failed is not known',
};
const decoder = new TextDecoder();

type Attributes = Readonly<Record<string, MessageAttributeValue>>;

/** A given-up batch as a message of its own group: the batch is the body, what is known of it attributes. */
export function deadLetterMessage(
  { apiName, jobId }: JobQueueKey,
  queueUrl: string,
  { index, attempt, payload, reason }: DeadLetter,
): SendMessageCommandInput {
  const id = batchId(jobId, index);
  const { MessageBody, MessageAttributes } = messageText(payload);
  return {
    QueueUrl: queueUrl,
    MessageGroupId: id,
    MessageDeduplicationId: id,
    MessageBody,
    MessageAttributes: {
      ...MessageAttributes,
      ...textAttribute('cortex-api-name', apiName),
      ...textAttribute('cortex-job-id', jobId),
      ...textAttribute('cortex-batch-index', String(index)),
      ...textAttribute('cortex-attempt', String(attempt)),
      ...textAttribute('cortex-reason-kind', reason.kind),
      ...textAttribute('cortex-reason-message', reason.message.slice(0, REASON_LENGTH_MAX)),
    },
  };
}

/** The same without what is only known of it, for a queue that takes no larger messages than batches. */
export function bareDeadLetterMessage(
  full: SendMessageCommandInput,
  payload: Uint8Array,
): SendMessageCommandInput {
  return { ...full, MessageAttributes: messageText(payload).MessageAttributes };
}

/** @returns `null` when the message is not a batch of `job` */
export function readDeadLetter(message: Message, job: JobId): StoredDeadLetter | null {
  const { MessageDeduplicationId: handle = '', ApproximateReceiveCount } = message.Attributes ?? {};
  const id = parseBatchId(handle);
  if (id === null || id.job !== job) return null;
  const attributes = message.MessageAttributes ?? {};
  const kind = textOf(attributes, 'cortex-reason-kind');
  return {
    index: id.index,
    attempt: Number(textOf(attributes, 'cortex-attempt') ?? ApproximateReceiveCount ?? 1),
    payload: payloadOfMessage(message),
    reason:
      kind === null
        ? MOVED_BY_SQS
        : { kind, message: textOf(attributes, 'cortex-reason-message') ?? '' },
    handle,
  };
}

/** Text that SQS refuses goes as bytes; text that is empty not at all, for SQS refuses that too. */
function textAttribute(name: string, text: string): Attributes {
  if (text === '') return {};
  const bytes = new TextEncoder().encode(text); // Half a surrogate pair becomes U+FFFD.
  const plain = plainText(bytes);
  const value =
    plain === null
      ? { DataType: 'Binary', BinaryValue: bytes }
      : { DataType: 'String', StringValue: plain };
  return { [name]: value };
}

function textOf(attributes: Attributes, name: string): string | null {
  const { StringValue, BinaryValue } = attributes[name] ?? {};
  return StringValue ?? (BinaryValue === undefined ? null : decoder.decode(BinaryValue));
}
