import { environment, printTable, writeResult } from '../report.ts';
import { formatRate, summarize } from '../statistics.ts';
import { EXCLUDES, INCLUDES, LIST_BUCKET, selectedCount } from '../files/dataset.ts';
import { type DryRunTimes, EnqueuedFiles } from '../files/enqueued-files.ts';

const KEY_COUNT = 1_000_000;
const BATCH_SIZE_ITEMS = 1000;
const RUNS = 5;
const WANTED_SHARE = 0.6;
const RESIDENT_MB_MAX = 250;

const source = {
  file_path_lister: {
    s3_paths: [`s3://${LIST_BUCKET}/data/`],
    includes: INCLUDES,
    excludes: EXCLUDES,
    batch_size: BATCH_SIZE_ITEMS,
  },
};

/** A million keys listed, filtered, batched and queued, against listing them and nothing else. */
export async function benchList(trialKeys: number | null): Promise<void> {
  const keyCount = trialKeys ?? KEY_COUNT;
  console.log(`${keyCount} keys, one include, one exclude, batch size ${BATCH_SIZE_ITEMS}\n`);
  const wanted = selectedCount(keyCount);
  const files = await EnqueuedFiles.start({ BENCH_KEYS: String(keyCount) });
  const listing: number[] = [];
  const enqueuing: number[] = [];
  const peaksMb: number[] = [];
  const dryRuns: DryRunTimes[] = [];
  let gatewayPeakMb = 0;
  try {
    for (let run = 0; run <= RUNS; run++) {
      const floor = keyCount / (await files.runFloor({ list: true }));
      const job = await files.enqueue(source);
      if (job.itemCount !== wanted) throw new Error(`${job.itemCount} items of ${wanted}`);
      const rate = keyCount / job.seconds;
      peaksMb.push(files.peakMb('enqueuer'));
      const facts = `listing ${Math.round(floor)} keys/s, enqueuing ${Math.round(rate)} keys/s, enqueuer up to ${peaksMb.at(-1)} MB`;
      console.log(`${run === 0 ? 'warm-up' : `run ${run}`}: ${facts}`);
      const dryRun = await files.dryRun(source);
      if (dryRun.lineCount !== wanted) throw new Error(`${dryRun.lineCount} lines of ${wanted}`);
      gatewayPeakMb = files.peakMb('gateway');
      console.log(`  dry run: ${JSON.stringify(dryRun)}, gateway up to ${gatewayPeakMb} MB`);
      if (run === 0) continue;
      dryRuns.push(dryRun);
      listing.push(floor);
      enqueuing.push(rate);
    }
  } finally {
    await files.stop();
  }
  report(
    keyCount,
    {
      listing: summarize(listing),
      enqueuing: summarize(enqueuing),
      peaksMb,
      first100Ms: summarize(dryRuns.map((each) => each.first100Ms)),
      dryRunMs: summarize(dryRuns.map((each) => each.totalMs)),
      gatewayPeakMb,
    },
    trialKeys === null,
  );
}

interface Measured {
  readonly listing: ReturnType<typeof summarize>;
  readonly enqueuing: ReturnType<typeof summarize>;
  readonly peaksMb: readonly number[];
  readonly first100Ms: ReturnType<typeof summarize>;
  readonly dryRunMs: ReturnType<typeof summarize>;
  readonly gatewayPeakMb: number;
}

function report(keyCount: number, measured: Measured, isKept: boolean): void {
  const { listing, enqueuing, peaksMb, first100Ms, dryRunMs, gatewayPeakMb } = measured;
  const share = enqueuing.median / listing.median;
  console.log(`\nmedian (range) of ${RUNS} runs`);
  printTable([
    ['', 'keys/s', 'of listing alone'],
    ['listing alone', formatRate(listing), ''],
    [
      'listed, filtered, batched, queued',
      formatRate(enqueuing),
      `${Math.round(share * 100)}%, wanted ${WANTED_SHARE * 100}%`,
    ],
  ]);
  console.log(
    `\nenqueuer, peak resident so far, by run: ${peaksMb.join(', ')} MB, wanted less than ${RESIDENT_MB_MAX}`,
  );
  console.log(
    `dry run: first 100 lines after ${formatRate(first100Ms)} ms, all after ${formatRate(dryRunMs)} ms; ` +
      `gateway, peak resident: ${gatewayPeakMb} MB, wanted less than ${RESIDENT_MB_MAX}`,
  );
  console.log(`\n${JSON.stringify(environment(), null, 2)}`);
  if (isKept) writeResult('list', { bench: 'list', keyCount, share, ...measured });
}
