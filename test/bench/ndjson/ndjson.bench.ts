import { environment, printTable, writeResult } from '../report.ts';
import { formatRate, summarize } from '../statistics.ts';
import { BUCKET, OBJECT_KEY, ROW_BYTES } from '../files/dataset.ts';
import { EnqueuedFiles } from '../files/enqueued-files.ts';

const SIZE_MIB = 1024;
const BATCH_SIZE_ITEMS = 1000;
const RUNS = 5;
const WANTED_SHARE = 0.6;
const RESIDENT_MB_MAX = 250;
const FIRST_BATCH_MS_MAX = 1000;

const source = {
  delimited_files: { s3_paths: [`s3://${BUCKET}/${OBJECT_KEY}`], batch_size: BATCH_SIZE_ITEMS },
};

/**
 * A large file of lines into the JetStream queue, against what that cannot be done without: reading
 * the object, finding its newlines and publishing its bytes in messages of that size. In turns, so
 * that whatever else the machine does hits both alike.
 */
export async function benchNdjson(trialMib: number | null): Promise<void> {
  const rowCount = Math.floor(((trialMib ?? SIZE_MIB) * 1024 * 1024) / ROW_BYTES);
  const sizeMb = (rowCount * ROW_BYTES) / 1e6;
  console.log(
    `${rowCount} rows of ${ROW_BYTES} bytes (${sizeMb} MB), batch size ${BATCH_SIZE_ITEMS}\n`,
  );
  const files = await EnqueuedFiles.start({ BENCH_ROWS: String(rowCount) });
  const floorSeconds: number[] = [];
  const cortexSeconds: number[] = [];
  const firstBatchMs: number[] = [];
  try {
    for (let run = 0; run <= RUNS; run++) {
      const floor = await files.runFloor({ linesPerMessage: BATCH_SIZE_ITEMS });
      const job = await files.enqueue(source);
      if (job.itemCount !== rowCount) throw new Error(`${job.itemCount} items of ${rowCount}`);
      const firstMs = await files.firstBatchMs(source);
      const facts = `floor ${rate(sizeMb, floor)} MB/s, enqueuing ${rate(sizeMb, job.seconds)} MB/s, first batch ${firstMs} ms`;
      console.log(`${run === 0 ? 'warm-up' : `run ${run}`}: ${facts}`);
      if (run === 0) continue;
      floorSeconds.push(floor);
      cortexSeconds.push(job.seconds);
      firstBatchMs.push(firstMs);
    }
    const rows = { rowCount, sizeMb };
    const measured = {
      floorSeconds,
      cortexSeconds,
      firstBatchMs,
      peakMb: files.peakMb('enqueuer'),
    };
    report(rows, measured, trialMib === null);
  } finally {
    await files.stop();
  }
}

interface Measured {
  readonly floorSeconds: readonly number[];
  readonly cortexSeconds: readonly number[];
  readonly firstBatchMs: readonly number[];
  readonly peakMb: number;
}

function report(
  { rowCount, sizeMb }: { readonly rowCount: number; readonly sizeMb: number },
  { floorSeconds, cortexSeconds, firstBatchMs, peakMb }: Measured,
  isKept: boolean,
): void {
  const ratesOf = (seconds: readonly number[]) => ({
    mbPerSecond: summarize(seconds.map((each) => sizeMb / each)),
    itemsPerSecond: summarize(seconds.map((each) => rowCount / each)),
    batchesPerSecond: summarize(seconds.map((each) => rowCount / BATCH_SIZE_ITEMS / each)),
  });
  const floor = ratesOf(floorSeconds);
  const enqueuing = ratesOf(cortexSeconds);
  const share = enqueuing.mbPerSecond.median / floor.mbPerSecond.median;
  const first = summarize(firstBatchMs);

  console.log(`\nmedian (range) of ${RUNS} runs`);
  printTable([
    ['', 'MB/s', 'items/s', 'batches/s', 'of the floor'],
    ...Object.entries({ floor, enqueuing }).map(([name, rates]) => [
      name,
      formatRate(rates.mbPerSecond),
      formatRate(rates.itemsPerSecond),
      formatRate(rates.batchesPerSecond),
      name === 'floor' ? '' : `${Math.round(share * 100)}%, wanted ${WANTED_SHARE * 100}%`,
    ]),
  ]);
  console.log(`\nenqueuer, peak resident: ${peakMb} MB, wanted less than ${RESIDENT_MB_MAX}`);
  console.log(
    `POST to the first batch in a worker's hands: ${formatRate(first)} ms, wanted at most ${FIRST_BATCH_MS_MAX}`,
  );
  console.log(`\n${JSON.stringify(environment(), null, 2)}`);
  const result = { bench: 'ndjson', rowCount, sizeMb, floor, enqueuing, share, peakMb, first };
  if (isKept) writeResult('ndjson', result);
}

const rate = (amount: number, seconds: number): string => (amount / seconds).toFixed(0);
