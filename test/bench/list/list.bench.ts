import { environment, printTable, writeResult } from '../report.ts';
import { formatRate, summarize } from '../statistics.ts';
import { EXCLUDES, INCLUDES, LIST_BUCKET, selectedCount } from '../files/dataset.ts';
import { EnqueuedFiles } from '../files/enqueued-files.ts';

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
  try {
    for (let run = 0; run <= RUNS; run++) {
      const floor = keyCount / (await files.runFloor({ list: true }));
      const job = await files.enqueue(source);
      if (job.itemCount !== wanted) throw new Error(`${job.itemCount} items of ${wanted}`);
      const rate = keyCount / job.seconds;
      peaksMb.push(files.enqueuerPeakMb);
      const facts = `listing ${Math.round(floor)} keys/s, enqueuing ${Math.round(rate)} keys/s, enqueuer up to ${peaksMb.at(-1)} MB`;
      console.log(`${run === 0 ? 'warm-up' : `run ${run}`}: ${facts}`);
      if (run === 0) continue;
      listing.push(floor);
      enqueuing.push(rate);
    }
  } finally {
    await files.stop();
  }
  report(
    keyCount,
    { listing: summarize(listing), enqueuing: summarize(enqueuing), peaksMb },
    trialKeys === null,
  );
}

interface Measured {
  readonly listing: ReturnType<typeof summarize>;
  readonly enqueuing: ReturnType<typeof summarize>;
  readonly peaksMb: readonly number[];
}

function report(
  keyCount: number,
  { listing, enqueuing, peaksMb }: Measured,
  isKept: boolean,
): void {
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
  console.log(`\n${JSON.stringify(environment(), null, 2)}`);
  if (isKept) writeResult('list', { bench: 'list', keyCount, listing, enqueuing, share, peaksMb });
}
