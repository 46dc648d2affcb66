import type { SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { batchId } from '#libs/domain/kernel/ids.ts';
import type { JobQueueKey, OutgoingBatch } from '../batch-queue.port.ts';
import { ENTRIES_MAX } from './in-parallel.ts';
import { ENCODING_ATTRIBUTE, messageText } from './message-text.ts';

/**
 * What SQS took in one request until August 2025, and servers that speak its protocol still do. A
 * single batch may be larger, in base64; SQS itself takes 1 MiB.
 */
const REQUEST_BYTES_MAX = 256 * 1024;
/** Name, type and value of the only attribute there may be. */
const ATTRIBUTE_BYTES = ENCODING_ATTRIBUTE.length + 'String'.length + 'base64'.length;

export type SendEntry = SendMessageBatchRequestEntry & {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageDeduplicationId: string;
};

/**
 * Batches in requests of up to ten, made one by one as they are sent.
 *
 * A batch is a message group of its own: so none waits for another, and the batch id, being also
 * the deduplication id, makes a batch that is sent again the same message.
 */
export function* sendRequests(
  key: JobQueueKey,
  batches: readonly OutgoingBatch[],
): Generator<readonly SendEntry[]> {
  let entries: SendEntry[] = [];
  let requestBytes = 0;
  for (const batch of batches) {
    const entry = sendEntry(key, batch, entries.length);
    const entryBytes = sizeOf(entry);
    if (entries.length === ENTRIES_MAX || requestBytes + entryBytes > REQUEST_BYTES_MAX) {
      if (entries.length > 0) yield entries;
      entries = [];
      requestBytes = 0;
    }
    entries.push({ ...entry, Id: String(entries.length) });
    requestBytes += entryBytes;
  }
  if (entries.length > 0) yield entries;
}

function sendEntry(
  key: JobQueueKey,
  { index, payload }: OutgoingBatch,
  position: number,
): SendEntry {
  const id = batchId(key.jobId, index);
  return {
    Id: String(position),
    MessageGroupId: id,
    MessageDeduplicationId: id,
    ...messageText(payload),
  };
}

const sizeOf = ({ MessageBody, MessageAttributes }: SendEntry): number =>
  Buffer.byteLength(MessageBody) + (MessageAttributes === undefined ? 0 : ATTRIBUTE_BYTES);
