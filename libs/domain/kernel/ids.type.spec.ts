import { describe, expect, it } from '@jest/globals';
import { type ApiName, apiId, apiName, type BatchId, batchId, type JobId, jobId } from './ids.ts';
import { workerId } from './ids.ts';

/** If this stops compiling, the ids have become interchangeable: that is the failure. */
export const notInterchangeable = {
  // @ts-expect-error text from outside goes through the constructor
  rawText: '0123456789abcdef' satisfies JobId,
  // @ts-expect-error an API's name is not its id
  apiIdAsName: apiId('spec-1') satisfies ApiName,
  // @ts-expect-error a worker is not a job
  workerAsJob: workerId(0) satisfies JobId,
  // @ts-expect-error a batch belongs to a job, not to an API
  batchOfApi: () => batchId(apiName('sum'), 0),
  // @ts-expect-error an API's name is not a job
  nameAsJob: apiName('sum') satisfies JobId,
};

describe('an id', () => {
  it('is text wherever text is wanted', () => {
    const id: BatchId = batchId(jobId('0123456789abcdef'), 1);
    const text: string = id;
    expect(text).toBe('0123456789abcdef-1');
  });
});
