import { describe, expect, it } from '@jest/globals';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import {
  deadLetterIndex,
  deadLetterSubject,
  keyOfConsumer,
  keyOfSubject,
  queueConsumer,
  queueSubject,
} from './queue-names.ts';

const job = jobId('00000000000000ff');

describe('names of queues', () => {
  it('reads the index of a dead letter back', () => {
    expect(deadLetterIndex(deadLetterSubject('failed.fifo', job, 12))).toBe(12);
  });

  it.each(['', 'cortex.dead-letters.q', 'cortex.dead-letters.q.00000000000000ff.x'])(
    'knows that %j is no subject of a dead letter',
    (subject) => {
      expect(deadLetterIndex(subject)).toBeNull();
    },
  );

  it('leaves ordinary names readable', () => {
    const key = { apiName: apiName('image-classifier'), jobId: job };
    expect(queueSubject(key)).toBe('cortex.queue.image-classifier.00000000000000ff');
    expect(queueConsumer(key)).toBe('image-classifier_00000000000000ff');
    expect(deadLetterSubject('failed_batches', job, 12)).toBe(
      'cortex.dead-letters.failed_batches.00000000000000ff.12',
    );
  });

  it('makes one token of any name', () => {
    expect(deadLetterSubject('a.b *>ü=', job, 0)).toBe(
      'cortex.dead-letters.a=2Eb=20=2A=3E=C3=BC=3D.00000000000000ff.0',
    );
  });

  it.each(['image-classifier', 'a.b', 'a_b', 'ü > *', 'x_00000000000000ff'])(
    'reads the job of API %j back',
    (name) => {
      const key = { apiName: apiName(name), jobId: job };
      expect(keyOfConsumer(queueConsumer(key))).toEqual(key);
      expect(keyOfSubject(queueSubject(key))).toEqual(key);
    },
  );

  it.each(['', 'consumer', 'api_00', 'api_00000000000000fg'])(
    'knows that %j is no consumer of a job',
    (name) => {
      expect(keyOfConsumer(name)).toBeNull();
    },
  );

  it.each(['', 'cortex.queue.api', 'cortex.queue.api.job', 'cortex.queue.a.00000000000000ff.b'])(
    'knows that %j is no subject of a job',
    (subject) => {
      expect(keyOfSubject(subject)).toBeNull();
    },
  );
});
