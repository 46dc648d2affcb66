import { describe, expect, it } from '@jest/globals';
import { pendingJob, runningJob } from '#test/support/gateway-answers.ts';
import { LineProgress, progressLine } from './progress.ts';

const shown = (...times: readonly (readonly [job: typeof runningJob, nowMs: number])[]) => {
  const lines: string[] = [];
  const progress = new LineProgress({ note: (line) => lines.push(line) });
  for (const [job, nowMs] of times) progress.show(job, nowMs);
  return lines.map((line) => line.replace(/ batches.*/, ''));
};
const after = (succeeded: number) => ({
  ...runningJob,
  batch_counts: { ...runningJob.batch_counts, succeeded, remaining: 100 - succeeded },
});

describe('a line of progress', () => {
  it('says where the job is', () => {
    expect(progressLine(runningJob, 31.4)).toBe(
      'running: 12/100 batches | 31/s | 2 failed attempts | workers: 2 running',
    );
  });

  it('does not count the batches that a stop cancelled', () => {
    const stopped = {
      ...runningJob,
      status: 'stopped' as const,
      batch_counts: { ...runningJob.batch_counts, cancelled: 88, remaining: 0 },
    };
    expect(progressLine(stopped, 0)).toMatch(/^stopped: 12\/100 batches/);
  });

  it('leaves out what is not known', () => {
    expect(progressLine(pendingJob, 0)).toBe('pending: 0/0 batches');
  });
});

describe('progress in lines', () => {
  it('has no line while nothing changes', () => {
    expect(shown([runningJob, 0], [runningJob, 5000])).toEqual(['running: 12/100']);
  });

  it('has at most one line a second', () => {
    expect(shown([after(12), 0], [after(13), 300], [after(14), 900], [after(15), 1100])).toEqual([
      'running: 12/100',
      'running: 15/100',
    ]);
  });
});
