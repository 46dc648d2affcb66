import { CortexUnderTest } from '../cortex.ts';
import { environment, printTable, writeResult } from '../report.ts';
import { formatRate, summarize } from '../statistics.ts';
import { runBare } from './bare.ts';
import { runBullMq } from './bullmq.ts';
import { BATCH_COUNT, BATCH_SIZE_ITEMS, ITEM_COUNT, type Run, WORKERS } from './workload.ts';

const RUNS = 5;
const JOB = { itemCount: ITEM_COUNT, batchSizeItems: BATCH_SIZE_ITEMS, workers: WORKERS };
const RECEIVE_COUNT_MAX = 5;

/**
 * The main job, without and with a dead-letter queue, against BullMQ and against the bare limit, in
 * turns, so that whatever else the machine does hits all alike. One warm-up each, then five runs.
 */
export async function benchJob(): Promise<void> {
  console.log(
    `${ITEM_COUNT} items, batch size ${BATCH_SIZE_ITEMS}, ${WORKERS} workers, no-op HTTP handler\n`,
  );
  const cortex = await CortexUnderTest.start();
  const contenders: Record<string, () => Promise<Run>> = {
    cortex: () => cortex.run(JOB),
    deadLetters: () => cortex.run({ ...JOB, receiveCountMax: RECEIVE_COUNT_MAX }),
    bullmq: runBullMq,
    bare: runBare,
  };
  const runs: Record<string, Run[]> = { cortex: [], deadLetters: [], bullmq: [], bare: [] };
  try {
    for (let round = 0; round <= RUNS; round++) {
      for (const [name, run] of Object.entries(contenders)) {
        const result = await run();
        console.log(`${round === 0 ? 'warm-up' : `run ${round}`}  ${name}  ${describe(result)}`);
        if (result.lostItemCount > 0) throw new Error(`${name} lost items`);
        if (round > 0) runs[name]?.push(result);
      }
    }
  } finally {
    await cortex.stop();
  }
  report(runs);
}

const describe = ({ seconds, lostItemCount, repeatedItemCount }: Run): string =>
  `${Math.round(BATCH_COUNT / seconds)} batches/s, ${lostItemCount} items lost, ${repeatedItemCount} repeated`;

function report(runs: Readonly<Record<string, readonly Run[]>>): void {
  const ratesOf = (name: string): number[] =>
    (runs[name] ?? []).map(({ seconds }) => BATCH_COUNT / seconds);
  const bullmq = summarize(ratesOf('bullmq')).median;
  const bare = summarize(ratesOf('bare')).median;
  const rows = Object.keys(runs).map((name) => {
    const batches = summarize(ratesOf(name));
    const items = summarize(ratesOf(name).map((rate) => rate * BATCH_SIZE_ITEMS));
    return {
      name,
      batchesPerSecond: batches,
      itemsPerSecond: items,
      timesBullMq: batches.median / bullmq,
      shareOfBare: batches.median / bare,
      repeatedItems: (runs[name] ?? []).map((run) => run.repeatedItemCount),
    };
  });

  console.log('\nmedian (range) of 5 runs');
  printTable([
    ['', 'batches/s', 'items/s', 'x bullmq', 'of bare'],
    ...rows.map((row) => [
      LABELS[row.name] ?? row.name,
      formatRate(row.batchesPerSecond),
      formatRate(row.itemsPerSecond),
      row.timesBullMq.toFixed(2),
      `${Math.round(row.shareOfBare * 100)}%`,
    ]),
  ]);
  console.log(`\n${JSON.stringify(environment(), null, 2)}`);
  writeResult('job', { bench: 'job', batchCount: BATCH_COUNT, itemCount: ITEM_COUNT, rows });
}

const LABELS: Readonly<Record<string, string>> = {
  cortex: 'Cortex Batch: POST to succeeded, workers started by the job, an event per outcome',
  deadLetters: 'the same with a dead-letter queue: each outcome is recorded before the next call',
  bullmq: 'BullMQ, Redis appendonly everysec: addBulk to last completed, workers up before',
  bare: 'bare limit: the same POSTs, no queue, no events',
};
