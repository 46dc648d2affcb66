import type { Msg } from '@nats-io/transport-node';
import { type JobId, parseBatchId } from '#libs/domain/kernel/ids.ts';

export const MESSAGE_ID_HEADER = 'Nats-Msg-Id';

/** `$JS.ACK.<stream>.<consumer>.<delivery count>. …` and four more. */
const SHORT_ACK_TOKENS = 9;
const SHORT_COUNT_AT = 4;
const LONG_COUNT_AT = 6;

/** What a message on a job's subject says about the batch it carries. */
export interface Delivery {
  readonly index: number;
  readonly attempt: number;
  readonly payload: Uint8Array;
  /** Whatever is said on it is about this delivery. */
  readonly ackSubject: string;
}

/** @returns `null` when the message is not a batch of `job`: somebody else published it */
export function readDelivery(message: Msg, job: JobId): Delivery | null {
  const id = parseBatchId(message.headers?.get(MESSAGE_ID_HEADER) ?? '');
  if (id === null || id.job !== job) return null;
  const ackSubject = message.reply ?? '';
  const attempt = deliveryCount(ackSubject);
  return { index: id.index, attempt, payload: message.data, ackSubject };
}

/**
 * How often the server delivered the message, from the subject that settles it. Servers before
 * 2.15 write nine tokens, later ones put the domain and the account's hash before the stream.
 */
export function deliveryCount(ackSubject: string): number {
  const tokens = ackSubject.split('.');
  const count = Number(tokens[tokens.length === SHORT_ACK_TOKENS ? SHORT_COUNT_AT : LONG_COUNT_AT]);
  return Number.isSafeInteger(count) ? count : 1;
}
