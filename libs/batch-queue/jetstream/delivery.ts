import type { Msg } from '@nats-io/transport-node';
import { type JobId, parseBatchId } from '#libs/domain/kernel/ids.ts';
import { parseAckSubject } from '#libs/platform/nats/ack-subject.ts';

export const MESSAGE_ID_HEADER = 'Nats-Msg-Id';

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
  const { deliveryCount } = parseAckSubject(ackSubject);
  const attempt = Number.isSafeInteger(deliveryCount) ? deliveryCount : 1;
  return { index: id.index, attempt, payload: message.data, ackSubject };
}
