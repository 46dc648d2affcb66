import { beforeAll, describe, expect, it } from '@jest/globals';
import { assertBuilt } from '#test/support/assert-built.ts';
import { type ChaosSize, FULL_SIZE, planOf } from './chaos-plan.ts';
import { runChaos } from './chaos-run.ts';

/**
 * A job costs more than half a second of processor time, most of it to start its worker: ten seeds of the
 * full size take two cores a quarter of an hour. So one is of that size, and the rest has as many faults
 * among fewer jobs, every kind of them. `npm run chaos` runs all of them at the full size.
 */
const FULL_SEEDS = [1];
const DENSE_SEEDS = [2, 3, 4, 5, 6, 7, 8, 9, 10];
const DENSE: ChaosSize = { ...FULL_SIZE, jobCount: 24 };
const SEED_MS_MAX = 400_000;

const SEEDS = [
  ...FULL_SEEDS.map((seed) => ({ seed, size: FULL_SIZE })),
  ...DENSE_SEEDS.map((seed) => ({ seed, size: DENSE })),
];

describe('while every process is killed and paused at random', () => {
  beforeAll(() => assertBuilt());

  it.each(SEEDS)(
    '$size.jobCount jobs of $size.batchCount batches end as they must, and leave nothing (seed $seed)',
    async ({ seed, size }) => {
      const { problems, dataDir } = await runChaos(planOf(seed, size));
      const again = `npm run chaos -- --seed ${seed} --jobs ${size.jobCount}; data and logs: ${dataDir}`;
      expect({ problems, again }).toEqual({ problems: [], again });
    },
    SEED_MS_MAX,
  );
});
