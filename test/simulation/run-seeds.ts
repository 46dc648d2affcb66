import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FromSeedThread, SeedWork } from './seed-thread.ts';

const PROGRESS_SEEDS = 500;

export interface SeedRun extends Omit<SeedWork, 'to' | 'stride'> {
  readonly seedCount: number;
  /** Stops at the so-manieth seed that fails. */
  readonly failuresMax: number;
}

export interface SeedSummary {
  readonly failedSeeds: readonly number[];
  readonly seedCount: number;
  /** Seeds in which workers of a scheduler that had been replaced went on behind a job's end. */
  readonly straySeedCount: number;
  readonly fingerprint: string;
  /** How many jobs ended so, by status. */
  readonly ends: ReadonlyMap<string, number>;
}

/** Simulates seeds on all processors, and prints those that fail. */
export async function runSeeds(run: SeedRun): Promise<SeedSummary> {
  const threadCount = Math.min(availableParallelism(), run.seedCount);
  const failedSeeds: number[] = [];
  let seedCount = 0;
  let straySeedCount = 0;
  let fingerprint = '';
  const ends = new Map<string, number>();
  const threads: Worker[] = [];
  const hear = (message: FromSeedThread): void => {
    if ('line' in message) return console.log(message.line);
    const { result, trace } = message;
    if (failedSeeds.length >= run.failuresMax) return;
    seedCount += 1;
    ({ fingerprint } = result);
    for (const status of result.ends) ends.set(status, (ends.get(status) ?? 0) + 1);
    if (result.strayCallCount > 0) straySeedCount += 1;
    if (result.problem !== null) {
      failedSeeds.push(result.seed);
      report(result.seed, result.problem, run.isTraced ? [] : trace, run);
      if (failedSeeds.length >= run.failuresMax)
        for (const thread of threads) void thread.terminate();
    }
    if (seedCount % PROGRESS_SEEDS === 0) {
      console.log(`${seedCount} of ${run.seedCount} seeds, ${failedSeeds.length} failed`);
    }
  };
  const { from, jobsMax, isTraced, plant } = run;
  const to = from + run.seedCount;
  await Promise.all(
    Array.from({ length: threadCount }, (_, index) => {
      const workerData: SeedWork = {
        from: from + index,
        to,
        stride: threadCount,
        jobsMax,
        isTraced,
        plant,
      };
      const thread = new Worker(new URL('./seed-thread.ts', import.meta.url), { workerData });
      threads.push(thread);
      thread.on('message', hear);
      return ended(thread);
    }),
  );
  return { failedSeeds, seedCount, straySeedCount, fingerprint, ends };
}

function ended(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', () => resolve());
  });
}

function report(seed: number, problem: string, trace: readonly string[], run: SeedRun): void {
  for (const line of trace.slice(-40)) console.log(line);
  const planted = run.plant === null ? '' : ` --plant ${run.plant}`;
  console.log(`\nseed ${seed} failed: ${problem}`);
  console.log(
    `replay: npm run simulate -- --seed ${seed} --jobs-max ${run.jobsMax}${planted} --trace\n`,
  );
}
