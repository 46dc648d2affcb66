import { describe, expect, it } from '@jest/globals';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { BatchRequests } from './batch-request.ts';

const JOB = jobId('00000000000000aa');
const batch = { index: 3, attempt: 2, payload: new Uint8Array() };
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const traceOf = (head: string): string[] =>
  (/traceparent: (.*)\r\n/.exec(head)?.[1] ?? '').split('-');

describe('the request for a batch', () => {
  it('names the job, the batch and the attempt', () => {
    const head = new BatchRequests(JOB, { handlerPort: 40_001, traceparent: null }).headOf(batch);
    expect(head).toMatch(/^POST \/ HTTP\/1\.1\r\n(?:[A-Za-z-]+: [^\r\n]+\r\n)+$/);
    expect(head.split('\r\n')).toEqual(
      expect.arrayContaining([
        'Host: 127.0.0.1:40001',
        'Content-Type: application/json',
        `X-Cortex-Job-ID: ${JOB}`,
        `X-Cortex-Batch-ID: ${JOB}-3`,
        'X-Cortex-Attempt: 2',
      ]),
    );
  });

  it('is a span of its own in the trace of the submission', () => {
    const requests = new BatchRequests(JOB, { handlerPort: 1, traceparent });
    const [first, second] = [requests.headOf(batch), requests.headOf(batch)].map(traceOf);

    expect(first).toEqual([
      '00',
      '0af7651916cd43dd8448eb211c80319c',
      expect.stringMatching(/^[0-9a-f]{16}$/),
      '00',
    ]);
    expect(second?.[1]).toBe(first?.[1]);
    expect(second?.[2]).not.toBe(first?.[2]);
  });

  it.each([null, 'not a traceparent', `${traceparent}\r\nX-Evil: 1`])(
    'makes a trace of the job’s id where there is none: %j',
    (given) => {
      const head = new BatchRequests(JOB, { handlerPort: 1, traceparent: given }).headOf(batch);
      expect(traceOf(head).slice(0, 2)).toEqual(['00', JOB + JOB]);
      expect(head).not.toContain('Evil');
    },
  );
});
