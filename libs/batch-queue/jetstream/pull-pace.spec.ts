import { describe, expect, it } from '@jest/globals';
import { assert, asyncProperty, integer, nat, record } from 'fast-check';
import { type Backlog, PULL_MS_MAX, PullPace } from './pull-pace.ts';

const LEASE_MS = 10_000;
const NOTHING: Backlog = { pendingCount: 0, leasedCount: 0, redeliveredCount: 0, waitingCount: 0 };

async function pullMsOn(backlog: Partial<Backlog>, leaseMs = LEASE_MS): Promise<number> {
  const pace = new PullPace(leaseMs, async () => ({ ...NOTHING, ...backlog }));
  await pace.adjust();
  return pace.pullMs;
}

describe('the wait of a pull request', () => {
  it.each([
    { why: 'nothing is there', backlog: {} },
    { why: 'others have what there is', backlog: { leasedCount: 90, waitingCount: 3 } },
    { why: 'the first batches just came', backlog: { pendingCount: 9 } },
  ])('is long when $why', async ({ backlog }) => {
    expect(await pullMsOn(backlog)).toBe(PULL_MS_MAX);
  });

  it.each([
    { why: 'batches are held back', backlog: { pendingCount: 1, leasedCount: 25 } },
    { why: 'batches were offered again', backlog: { leasedCount: 90, redeliveredCount: 25 } },
  ])('lets all that may be gone pass in a quarter of a lease when $why', async ({ backlog }) => {
    expect(await pullMsOn(backlog)).toBe(LEASE_MS / 4 / 25);
    expect(await pullMsOn({ ...backlog, waitingCount: 3 })).toBe(LEASE_MS / 25);
  });

  it('stays what it was when there is no queue, or an error', async () => {
    const answers: (() => Promise<Backlog | null>)[] = [
      async () => ({ ...NOTHING, pendingCount: 1, leasedCount: 25 }),
      async () => null,
      async () => {
        throw new Error('away');
      },
    ];
    const pace = new PullPace(LEASE_MS, () => (answers.shift() ?? (async () => NOTHING))());
    for (const pullMs of [100, 100, 100, PULL_MS_MAX]) {
      await pace.adjust();
      expect(pace.pullMs).toBe(pullMs);
    }
  });

  it('waits for no late answer, asks for no other meanwhile, and heeds it when it comes', async () => {
    const late = Promise.withResolvers<Backlog>();
    let lookCount = 0;
    const pace = new PullPace(LEASE_MS, () => {
      lookCount++;
      return late.promise;
    });
    await pace.adjust();
    expect(pace.pullMs).toBe(PULL_MS_MAX);
    const adjusting = pace.adjust();
    late.resolve({ ...NOTHING, pendingCount: 1, leasedCount: 25 });
    await adjusting;
    expect({ pullMs: pace.pullMs, lookCount }).toEqual({ pullMs: 100, lookCount: 1 });
  });

  it('is a whole number that a server can meet', async () => {
    const count = nat({ max: 1_000_000 });
    const backlogs = record({
      pendingCount: count,
      leasedCount: count,
      redeliveredCount: count,
      waitingCount: nat({ max: 2048 }),
    });
    await assert(
      asyncProperty(backlogs, integer({ min: 100, max: 43_200_000 }), async (backlog, leaseMs) => {
        const pullMs = await pullMsOn(backlog, leaseMs);
        expect(Number.isInteger(pullMs)).toBe(true);
        expect(pullMs).toBeGreaterThanOrEqual(20);
        expect(pullMs).toBeLessThanOrEqual(PULL_MS_MAX);
      }),
    );
  });
});
