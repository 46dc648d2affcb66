import { CortexUnderTest } from '../cortex.ts';
import { printTable, writeResult } from '../report.ts';
import { ResidentMemory } from '../resident-memory.ts';
import { summarize } from '../statistics.ts';

const SMALL = { itemCount: 100_000, batchSizeItems: 10, workers: 4 };
const LARGE = { itemCount: 1_000_000, batchSizeItems: 10, workers: 4 };
const SMALL_RUNS = 5;
const RESIDENT_MB_MAX = 250;

/** Whether a job ten times as large costs ten times as much, and no more memory than allowed. */
export async function benchScale(): Promise<void> {
  console.log('a job of 1,000,000 items in 100,000 batches, against 10,000 batches, 4 workers\n');
  const cortex = await CortexUnderTest.start();
  const memory = new ResidentMemory(cortex.platform.dataDir);
  try {
    await cortex.run(SMALL);
    const smallUs: number[] = [];
    for (let run = 1; run <= SMALL_RUNS; run++) {
      const { seconds } = await cortex.run(SMALL);
      smallUs.push(usPerBatch(SMALL, seconds));
      console.log(`10,000 batches, run ${run}: ${smallUs.at(-1)} us per batch`);
    }
    const { seconds, lostItemCount } = await cortex.run(LARGE);
    const largeUs = usPerBatch(LARGE, seconds);
    const small = summarize(smallUs);
    const peaksMb = Object.fromEntries(memory.stop());

    console.log();
    printTable([
      ['', 'us per batch', 'batches/s', 'items lost'],
      [
        '10,000 batches (median)',
        String(small.median),
        String(Math.round(1e6 / small.median)),
        '0',
      ],
      [
        '100,000 batches',
        String(largeUs),
        String(Math.round(1e6 / largeUs)),
        String(lostItemCount),
      ],
    ]);
    console.log(`\nratio ${(largeUs / small.median).toFixed(2)}, wanted at most 1.20\n`);
    printTable([
      ['peak resident', 'MB', `wanted at most ${RESIDENT_MB_MAX}`],
      ...Object.entries(peaksMb).map(([service, mb]) => [service, String(mb)]),
    ]);
    writeResult('scale', { bench: 'scale', small, largeUs, lostItemCount, peaksMb });
  } finally {
    memory.stop();
    await cortex.stop();
  }
}

const usPerBatch = (job: typeof SMALL, seconds: number): number =>
  Math.round((seconds * 1e6 * job.batchSizeItems) / job.itemCount);
