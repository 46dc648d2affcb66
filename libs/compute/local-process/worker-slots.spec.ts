import { describe, expect, it } from '@jest/globals';
import { type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { type SlotRequest, WorkerSlots } from './worker-slots.ts';

const A = jobId('a');
const B = jobId('b');

function slotsFor(slotsMax: number): {
  slots: WorkerSlots;
  granted: string[];
  request: (job: JobId) => SlotRequest;
} {
  const slots = new WorkerSlots(slotsMax);
  const granted: string[] = [];
  return {
    slots,
    granted,
    request(job) {
      const request = { jobId: job, onGranted: () => granted.push(job) };
      slots.request(request);
      return request;
    },
  };
}

describe('slots for workers', () => {
  it('grants as many as there are, in the order they were asked for', () => {
    const { granted, request } = slotsFor(2);
    request(A);
    request(B);
    request(A);
    expect(granted).toEqual(['a', 'b']);
  });

  it('gives a free slot to the job that has the fewest', () => {
    const { slots, granted, request } = slotsFor(2);
    for (const job of [A, A, A, B]) request(job);

    slots.release(A);
    slots.release(A);

    expect(granted).toEqual(['a', 'a', 'b', 'a']);
  });

  it('forgets a request that was withdrawn', () => {
    const { slots, granted, request } = slotsFor(1);
    request(A);
    const withdrawn = request(B);

    expect(slots.withdraw(withdrawn)).toBe(true);
    slots.release(A);

    expect(granted).toEqual(['a']);
    expect(slots.withdraw(withdrawn)).toBe(false);
  });
});
