import { describe, expect, it } from '@jest/globals';
import { BATCH_INDEX_MAX, batchId, jobId, parseBatchId, workerId } from './ids.ts';

const job = jobId('0123456789abcdef');

describe('a batch id', () => {
  it.each([0, 7, BATCH_INDEX_MAX])('tells its job and index (%d)', (index) => {
    expect(parseBatchId(batchId(job, index))).toEqual({ job, index });
  });
  it.each([
    ['nothing', ''],
    ['a job id', '0123456789abcdef'],
    ['a short job id', '123-0'],
    ['upper case', '0123456789ABCDEF-0'],
    ['a leading zero', '0123456789abcdef-01'],
    ['a negative index', '0123456789abcdef--1'],
    ['more after it', '0123456789abcdef-1-2'],
    ['an index out of all reason', `0123456789abcdef-${BATCH_INDEX_MAX + 1}`],
  ])('is not %s', (_what, text) => {
    expect(parseBatchId(text)).toBeNull();
  });
});

describe('a worker id', () => {
  it('is the worker’s ordinal', () => {
    expect(workerId(3)).toBe('3');
  });
});
