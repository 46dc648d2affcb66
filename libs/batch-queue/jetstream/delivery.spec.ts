import { describe, expect, it } from '@jest/globals';
import { deliveryCount } from './delivery.ts';

describe('deliveryCount', () => {
  it('reads the short form that servers before 2.15 send', () => {
    expect(deliveryCount('$JS.ACK.CORTEX_QUEUE.api_job.3.17.21.1700000000000000000.4')).toBe(3);
  });

  it('reads the form with domain and account', () => {
    expect(
      deliveryCount('$JS.ACK._.hash.CORTEX_QUEUE.api_job.3.17.21.1700000000000000000.4.random'),
    ).toBe(3);
  });

  it('takes a subject it cannot read for a first delivery', () => {
    expect(deliveryCount('')).toBe(1);
  });
});
