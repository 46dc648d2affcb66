import { describe, expect, it } from '@jest/globals';
import type { CoreV1Event } from '@kubernetes/client-node';
import { isMended, refusalOf } from './pod-refusal.ts';

const AT = '2026-05-20T12:00:00Z';
const aRefusal = (name: string, changes: object = {}): CoreV1Event => ({
  metadata: {},
  involvedObject: { name, uid: 'a' },
  message: 'Error creating: no quota',
  ...changes,
});

const podOf = (creationTimestamp: string) => ({
  metadata: { creationTimestamp: new Date(creationTimestamp) },
});

describe('the refusal of a pod', () => {
  it('is of the job that the name says, at the time it happened last', () => {
    const of = {
      jobId: '69b183ed6bdf3e9b',
      jobUid: 'a',
      atMs: Date.parse(AT),
      problem: 'Error creating: no quota',
    };
    const told = [
      { lastTimestamp: AT },
      { lastTimestamp: new Date(AT) },
      { eventTime: '2026-05-20T11:00:00.000000Z', series: { count: 2, lastObservedTime: AT } },
      { eventTime: AT },
    ];
    for (const changes of told)
      expect(refusalOf(aRefusal('cortex-69b183ed6bdf3e9b', changes))).toEqual(of);
  });

  it.each([
    'cortex-',
    'cortex-x',
    'nightly-report',
    'cortex-69b183ed6bdf3e9b-0',
    '69b183ed6bdf3e9b',
  ])('is of none of our jobs when it names %s', (name) =>
    expect(refusalOf(aRefusal(name))).toBeNull(),
  );

  it('is mended when a pod has come later', () => {
    const refusal = refusalOf(aRefusal('cortex-69b183ed6bdf3e9b', { lastTimestamp: AT }));
    const [before, after] = [podOf('2026-05-20T11:59:59Z'), podOf('2026-05-20T12:00:01Z')];
    expect(refusal !== null && isMended(refusal, [])).toBe(false);
    expect(refusal !== null && isMended(refusal, [before])).toBe(false);
    expect(refusal !== null && isMended(refusal, [before, after])).toBe(true);
  });
});
