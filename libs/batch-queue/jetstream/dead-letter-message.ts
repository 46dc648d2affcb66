import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { batchId } from '#libs/domain/kernel/ids.ts';
import type { OutgoingMessage } from '#libs/platform/nats/pipelined-publisher.ts';
import type { DeadLetter, JobQueueKey } from '../batch-queue.port.ts';
import { MESSAGE_ID_HEADER } from './delivery.ts';
import { deadLetterSubject } from './queue-names.ts';

/** In UTF-16 units. With it and a batch of 256 KiB, a message stays under the 1 MiB NATS allows. */
const REASON_LENGTH_MAX = 4096;
const NOT_PRINTABLE = /[^\x20-\x24\x26-\x7e]+/g;

/** A given-up batch as a message: the batch itself is the body, what is known about it is headers. */
export function deadLetterMessage(
  { apiName, jobId }: JobQueueKey,
  queueName: string,
  { index, attempt, payload, reason }: DeadLetter,
): OutgoingMessage {
  const facts: MsgHdrs = headers();
  facts.set(MESSAGE_ID_HEADER, batchId(jobId, index));
  facts.set('Cortex-Api-Name', headerText(apiName));
  facts.set('Cortex-Job-Id', jobId);
  facts.set('Cortex-Batch-Index', String(index));
  facts.set('Cortex-Attempt', String(attempt));
  facts.set('Cortex-Reason-Kind', headerText(reason.kind));
  facts.set('Cortex-Reason-Message', headerText(reason.message));
  return { subject: deadLetterSubject(queueName), payload, headers: facts };
}

/** Text as a header value: one line of ASCII, percent-encoded where it must be; `%` itself too. */
function headerText(text: string): string {
  return text
    .slice(0, REASON_LENGTH_MAX)
    .toWellFormed() // Half a surrogate pair cannot be encoded.
    .replaceAll(NOT_PRINTABLE, encodeURIComponent);
}
