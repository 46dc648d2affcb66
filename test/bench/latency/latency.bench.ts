import { historyOf } from '#test/support/log-reader.ts';
import { CortexUnderTest } from '../cortex.ts';
import { printTable, writeResult } from '../report.ts';
import { quantile } from '../statistics.ts';

const WARM_UP_JOBS = 10;
const JOBS = 200;
const LIMIT_MS = 100;

/**
 * How long after a job's last outcome `GET` says `succeeded`: the last flush of a worker, the
 * scheduler, the completion call, the end in the log, the projector, and the answer.
 */
export async function benchLatency(): Promise<void> {
  console.log(`${JOBS} jobs of 20 batches on 2 workers, one after the other\n`);
  const cortex = await CortexUnderTest.start();
  const delaysMs: number[] = [];
  try {
    for (let index = 0; index < WARM_UP_JOBS + JOBS; index++) {
      const run = await cortex.run({ itemCount: 200, batchSizeItems: 10, workers: 2 });
      const history = await historyOf(cortex.platform.natsUrl, { api: run.api, jobId: run.jobId });
      const outcomes = history.filter(({ event }) => event.type === 'BatchSucceeded');
      const lastOutcomeMs = Math.max(...outcomes.map(({ at }) => Date.parse(at)));
      if (index >= WARM_UP_JOBS) delaysMs.push(run.seenSucceededAtMs - lastOutcomeMs);
      if (index % 20 === 0) console.log(`job ${index + 1} of ${WARM_UP_JOBS + JOBS}`);
    }
  } finally {
    await cortex.stop();
  }
  const p50Ms = quantile(delaysMs, 0.5);
  const p99Ms = quantile(delaysMs, 0.99);
  const maxMs = Math.max(...delaysMs);
  printTable([
    ['last outcome to succeeded', 'p50', 'p99', 'max', 'wanted'],
    ['', `${p50Ms} ms`, `${p99Ms} ms`, `${maxMs} ms`, `p99 < ${LIMIT_MS} ms`],
  ]);
  writeResult('latency', { bench: 'latency', jobs: JOBS, p50Ms, p99Ms, maxMs });
}
