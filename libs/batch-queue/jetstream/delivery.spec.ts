import { describe, expect, it } from '@jest/globals';
import type { Msg } from '@nats-io/transport-node';
import { headers } from '@nats-io/transport-node';
import { batchId, jobId } from '#libs/domain/kernel/ids.ts';
import { MESSAGE_ID_HEADER, readDelivery } from './delivery.ts';

const job = jobId('69b183ed6bdf3e9b');

function message(id: string, reply: string): Msg {
  const given = headers();
  given.set(MESSAGE_ID_HEADER, id);
  return { headers: given, reply, data: Buffer.from('[1]') } as Partial<Msg> as Msg;
}

describe('readDelivery', () => {
  it('reads the batch and how often it was delivered', () => {
    const ackSubject = '$JS.ACK.CORTEX_QUEUE.api_job.3.17.21.1700000000000000000.4';
    expect(readDelivery(message(batchId(job, 5), ackSubject), job)).toEqual({
      index: 5,
      attempt: 3,
      payload: Buffer.from('[1]'),
      ackSubject,
    });
  });

  it('takes a delivery that does not say its count for the first', () => {
    expect(readDelivery(message(batchId(job, 5), ''), job)?.attempt).toBe(1);
  });

  it('knows what is no batch of the job', () => {
    const another = jobId('0000000000000000');
    expect(readDelivery(message(batchId(another, 5), ''), job)).toBeNull();
    expect(readDelivery(message('hello', ''), job)).toBeNull();
  });
});
