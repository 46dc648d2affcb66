import { describe, expect, it } from '@jest/globals';
import { workerId } from '#libs/domain/kernel/ids.ts';
import type { PodFailure } from './pod-failure.ts';
import type { PodState } from './pod-state.ts';
import { WorkerSeat } from './worker-seat.ts';

const reason = { kind: 'worker.died', message: 'killed' };
const failed = (verdict: PodFailure['verdict'] = 'failed'): PodState => ({
  state: 'failed',
  verdict,
  reason,
});
const running: PodState = { state: 'running', reason: null };
const initializing: PodState = { state: 'initializing', reason: null };

/** What is reported after pods were seen: `[restart, failureCount, state]`. */
function reportedAfter(
  firstRestart: number,
  ...sightings: readonly (readonly [number, number, PodState])[]
): string[] {
  const said: string[] = [];
  const seat = new WorkerSeat({
    workerId: workerId(0),
    firstRestart,
    onChange: ({ restart, state, willRestart }) =>
      said.push(`${restart} ${state}${willRestart ? ', will restart' : ''}`),
  });
  for (const [restart, failureCount, state] of sightings) {
    seat.see({ restart, failureCount, state });
  }
  return said;
}

describe('a worker seen through its pods', () => {
  it('passes each state once, however often it is seen', () => {
    expect(
      reportedAfter(
        0,
        [0, 0, initializing],
        [0, 0, initializing],
        [0, 0, running],
        [0, 0, initializing],
      ),
    ).toEqual(['0 initializing', '0 running']);
  });

  it('was initializing when it is first seen running', () => {
    expect(reportedAfter(0, [0, 0, running])).toEqual(['0 initializing', '0 running']);
  });

  it('is replaced when it fails, and is not mistaken for its replacement', () => {
    expect(
      reportedAfter(0, [0, 0, running], [0, 0, failed()], [0, 0, failed()], [1, 1, running]),
    ).toEqual([
      '0 initializing',
      '0 running',
      '0 failed, will restart',
      '1 pending',
      '1 initializing',
      '1 running',
    ]);
  });

  it('is lost after as many failures as Kubernetes takes', () => {
    expect(reportedAfter(0, [5, 5, running], [5, 5, failed()]).at(-1)).toBe('5 failed');
    expect(reportedAfter(0, [5, 4, running], [5, 4, failed()])).toContain('5 failed, will restart');
  });

  it('is lost after three failures in a row before it was ready', () => {
    const said = reportedAfter(
      0,
      [0, 0, failed()],
      [1, 1, failed()],
      [2, 2, failed()],
      [3, 3, running],
    );
    expect(said.at(-1)).toBe('2 failed');
  });

  it('is not lost for failures between which it was ready', () => {
    const said = reportedAfter(
      0,
      [0, 0, failed()],
      [1, 1, failed()],
      [2, 2, running],
      [2, 2, failed()],
    );
    expect(said).toContain('2 failed, will restart');
  });

  it('is lost at once when another pod would fail for the same reason', () => {
    expect(reportedAfter(0, [0, 0, failed('final')], [1, 1, running])).toEqual(['0 failed']);
  });

  it('is replaced after any number of disruptions', () => {
    const said = reportedAfter(
      0,
      ...Array.from({ length: 9 }, (_, n) => [n, 0, failed('disrupted')] as const),
    );
    expect(said.filter((one) => one.endsWith('will restart'))).toHaveLength(9);
  });

  it('follows those of an earlier Job', () => {
    expect(reportedAfter(3, [3, 0, running])).toEqual(['3 pending', '3 initializing', '3 running']);
  });
});
