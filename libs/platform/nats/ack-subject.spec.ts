import { describe, expect, it } from '@jest/globals';
import { parseAckSubject } from './ack-subject.ts';

const delivery = {
  deliveryCount: 3,
  streamSequence: 17,
  consumerSequence: 21,
  storedAtMs: 1_700_000_000_123,
  pendingCount: 4,
};

describe('parseAckSubject', () => {
  it('reads the short form that servers before 2.15 send', () => {
    const subject = '$JS.ACK.CORTEX_QUEUE.api_job.3.17.21.1700000000123999999.4';
    expect(parseAckSubject(subject)).toEqual(delivery);
  });

  it('reads the form with domain and account', () => {
    const subject = '$JS.ACK._.hash.CORTEX_QUEUE.api_job.3.17.21.1700000000123999999.4.random';
    expect(parseAckSubject(subject)).toEqual(delivery);
  });

  it('reads no number in a subject of another form', () => {
    expect(parseAckSubject('').deliveryCount).toBeNaN();
  });
});
