import { beforeAll, describe, expect, it } from '@jest/globals';
import { assertBuilt } from '#test/support/assert-built.ts';
import { type ChaosSize, FULL_SIZE, planOf } from './chaos-plan.ts';
import { runChaos } from './chaos-run.ts';

/**
 * A seed of the full size takes two cores that are busy with other things almost two minutes, so ten of
 * them are no part of `npm test`. Two are, and the rest has as many faults among fewer jobs.
 * `npm run chaos` runs all of them at the full size.
 */
const FULL_SEEDS = [1, 2];
const DENSE_SEEDS = [3, 4, 5, 6, 7, 8, 9, 10];
const DENSE: ChaosSize = { ...FULL_SIZE, jobCount: 30 };
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
