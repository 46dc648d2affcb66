import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { jobQueueName, jobQueuePrefix, keyOfQueueName, queueNameOfUrl } from './sqs-names.ts';

const INSTALLATION = '0badcafe';
const job = jobId('69b183ed6bdf3e9b');

describe('the name of a job’s queue', () => {
  it('shows the API and the job', () => {
    expect(jobQueueName(INSTALLATION, { apiName: apiName('my-api'), jobId: job })).toBe(
      'cx_0badcafe_b_my-api_69b183ed6bdf3e9b.fifo',
    );
  });

  it('is one that SQS takes, whatever the API is called, and gives the job back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        const key = { apiName: apiName(name), jobId: job };
        const queueName = jobQueueName(INSTALLATION, key);
        expect(queueName).toMatch(/^[A-Za-z0-9_-]+[.]fifo$/);
        expect(keyOfQueueName(queueName)).toEqual(key);
      }),
    );
  });

  it('fits into 80 characters with the longest name of an API', () => {
    const key = { apiName: apiName('a'.repeat(42)), jobId: job };
    expect(jobQueueName(INSTALLATION, key).length).toBeLessThanOrEqual(80);
  });

  it('starts with what its installation lists by', () => {
    const name = jobQueueName(INSTALLATION, { apiName: apiName('a'), jobId: job });
    expect(name.startsWith(jobQueuePrefix(INSTALLATION))).toBe(true);
    expect(name.startsWith(jobQueuePrefix('0badcaff'))).toBe(false);
  });

  it.each([
    ['no installation', 'cx_b_api_69b183ed6bdf3e9b.fifo'],
    ['another kind of queue', 'cx_0badcafe_installation'],
    ['a standard queue', 'cx_0badcafe_b_api_69b183ed6bdf3e9b'],
    ['a short job', 'cx_0badcafe_b_api_69b183.fifo'],
  ])('is not one with %s', (_what, name) => {
    expect(keyOfQueueName(name)).toBeNull();
  });
});

describe('the name in a URL', () => {
  it('is its end', () => {
    expect(queueNameOfUrl('https://sqs.eu-west-1.amazonaws.com/123456789012/a.fifo')).toBe(
      'a.fifo',
    );
  });
});
