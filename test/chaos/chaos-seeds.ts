import { beforeAll, describe, expect, it } from '@jest/globals';
import { assertBuilt } from '#test/support/assert-built.ts';
import { planOf } from './chaos-plan.ts';
import { runChaos } from './chaos-run.ts';

/** Two minutes and more on two cores for two seeds side by side; a machine that is busy with other things is slow. */
const SEED_MS_MAX = 700_000;

/** Ten seeds in all, in two files: a seed waits for leases and for processes that start, meanwhile another has the processor. */
export function chaosOf(seeds: readonly number[]): void {
  describe('while every process is killed and paused at random', () => {
    beforeAll(() => assertBuilt());

    it.each(seeds)(
      '200 jobs of 200 batches end as they must, and leave nothing (seed %i)',
      async (seed) => {
        const { problems, dataDir } = await runChaos(planOf(seed));
        const again = `npm run chaos -- --seed ${seed}; data and logs: ${dataDir}`;
        expect({ problems, again }).toEqual({ problems: [], again });
      },
      SEED_MS_MAX,
    );
  });
}
