import { beforeAll, describe, expect, it } from '@jest/globals';
import { assertBuilt } from '#test/support/assert-built.ts';
import { type ChaosSize, FULL_SIZE, planOf } from './chaos-plan.ts';
import { runChaos } from './chaos-run.ts';

/** Two minutes and more on two cores for two seeds side by side; a machine that is busy with other things is slow. */
const SEED_MS_MAX = 700_000;

/** As many faults among fewer jobs: several of them meet one job. */
const DENSE_SIZE: ChaosSize = { ...FULL_SIZE, jobCount: 24 };

/**
 * Ten full seeds and two dense ones, in two files: a seed waits for leases and for processes that start,
 * meanwhile another has the processor.
 */
export function chaosOf(seeds: { readonly full: readonly number[]; readonly dense: number }): void {
  const runs = [
    ...seeds.full.map((seed) => ({ seed, size: FULL_SIZE })),
    { seed: seeds.dense, size: DENSE_SIZE },
  ];
  describe('while every process is killed and paused at random', () => {
    beforeAll(() => assertBuilt());

    it.each(runs)(
      '$size.jobCount jobs of $size.batchCount batches end as they must, and leave nothing (seed $seed)',
      async ({ seed, size }) => {
        const { problems, dataDir } = await runChaos(planOf(seed, size));
        const again = `npm run chaos -- --seed ${seed} --jobs ${size.jobCount}; data and logs: ${dataDir}`;
        expect({ problems, again }).toEqual({ problems: [], again });
      },
      SEED_MS_MAX,
    );
  });
}
