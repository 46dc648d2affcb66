import { describe, expect, it } from '@jest/globals';
import { RestartBudget } from './restart-budget.ts';

const delaysAfter = (...runs: (number | null)[]): (number | null)[] => {
  const budget = new RestartBudget();
  return runs.map((ranMs) => budget.afterDeath({ ranMs }));
};

describe('replacing a worker that died', () => {
  it('waits twice as long each time, five times in a row', () => {
    expect(delaysAfter(10, 10, 10, 10, 10, 10)).toEqual([100, 200, 400, 800, 1600, null]);
  });

  it('gives up at the third handler that fails before it is ready', () => {
    expect(delaysAfter(null, null, null)).toEqual([100, 200, null]);
  });

  it('counts failed starts only in a row', () => {
    expect(delaysAfter(null, null, 10, null)).toEqual([100, 200, 400, 800]);
  });

  it('starts afresh after a worker that ran for a minute', () => {
    expect(delaysAfter(10, 10, 60_000, 10)).toEqual([100, 200, 100, 200]);
  });
});
