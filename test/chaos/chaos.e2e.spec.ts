import { describe, expect, it } from '@jest/globals';
import { planOf } from './chaos-plan.ts';
import { runChaos } from './chaos-run.ts';

const SEEDS = Array.from({ length: 10 }, (_, place) => place + 1);
const SEED_MS_MAX = 400_000;

describe('200 jobs of 200 batches while every process is killed and paused at random', () => {
  it.each(SEEDS)(
    'end as they must, and leave nothing (seed %i)',
    async (seed) => {
      const { problems, dataDir } = await runChaos(planOf(seed));
      const again = `npm run chaos -- --seed ${seed}; data and logs: ${dataDir}`;
      expect({ problems, again }).toEqual({ problems: [], again });
    },
    SEED_MS_MAX,
  );
});
