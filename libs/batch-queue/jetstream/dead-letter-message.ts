import { JetStreamApiCodes, type StoredMsg } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { batchId } from '#libs/domain/kernel/ids.ts';
import { type OutgoingMessage, PublishRefused } from '#libs/platform/nats/pipelined-publisher.ts';
import type { DeadLetter, JobQueueKey, StoredDeadLetter } from '../batch-queue.port.ts';
import { MESSAGE_ID_HEADER } from './delivery.ts';
import { deadLetterIndex, deadLetterSubject } from './queue-names.ts';

/** In UTF-16 units. With it and a batch of 256 KiB, a message stays under the 1 MiB NATS allows. */
const REASON_LENGTH_MAX = 4096;
const NOT_PRINTABLE = /[^\x20-\x24\x26-\x7e]+/g;
const EXPECTED_SEQUENCE = 'Nats-Expected-Last-Subject-Sequence';

/**
 * A given-up batch as a message: the batch itself is the body, what is known about it is headers.
 *
 * Its subject is its own, and the message is refused when there is one: the stream's memory of
 * message ids passes, and a batch whose worker died before it was recorded comes again much later.
 */
export function deadLetterMessage(
  key: JobQueueKey,
  queueName: string,
  { index, attempt, payload, reason }: DeadLetter,
): OutgoingMessage {
  const { apiName, jobId } = key;
  const facts: MsgHdrs = headers();
  facts.set(EXPECTED_SEQUENCE, '0');
  facts.set(MESSAGE_ID_HEADER, batchId(jobId, index));
  facts.set('Cortex-Api-Name', headerText(apiName));
  facts.set('Cortex-Job-Id', jobId);
  facts.set('Cortex-Batch-Index', String(index));
  facts.set('Cortex-Attempt', String(attempt));
  facts.set('Cortex-Reason-Kind', headerText(reason.kind));
  facts.set('Cortex-Reason-Message', headerText(reason.message));
  return { subject: deadLetterSubject(queueName, jobId, index), payload, headers: facts };
}

/** Whether a dead letter was refused because it is there. */
export const isThereAlready = (error: Error): boolean =>
  error instanceof PublishRefused && error.code === JetStreamApiCodes.StreamWrongLastSequence;

/** The inverse of `deadLetterMessage`; `null` when somebody else published the message. */
export function readDeadLetter(message: StoredMsg): StoredDeadLetter | null {
  const { header, subject, data, seq } = message;
  const index = deadLetterIndex(subject);
  const attempt = Number(header.get('Cortex-Attempt'));
  const kind = header.get('Cortex-Reason-Kind');
  if (index === null || !Number.isSafeInteger(attempt) || attempt < 1 || kind === '') return null;
  const reason = { kind: textOf(kind), message: textOf(header.get('Cortex-Reason-Message')) };
  return { index, attempt, payload: data, reason, handle: String(seq) };
}

/** Text as a header value: one line of ASCII, percent-encoded where it must be; `%` itself too. */
function headerText(text: string): string {
  return text
    .slice(0, REASON_LENGTH_MAX)
    .toWellFormed() // Half a surrogate pair cannot be encoded.
    .replaceAll(NOT_PRINTABLE, encodeURIComponent);
}

function textOf(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return header; // Not written by us.
  }
}
