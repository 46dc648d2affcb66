import { connect } from '@nats-io/transport-node';
import { eventsOf, nextEvent } from '#test/support/log-reader.ts';
import { until } from '#test/support/until.ts';
import { CortexUnderTest } from '../cortex.ts';
import { printTable, writeResult } from '../report.ts';
import { formatRate, summarize } from '../statistics.ts';

const BATCH_COUNT = 100_000;
const RUNS = 5;
const WANTED_PER_SECOND = 60_000;
/** A handler that never listens: the workers wait for it and leave the processor to the enqueuer. */
const SILENT_HANDLER = [process.execPath, '-e', 'setInterval(() => {}, 1e9)'];

/** From `JobSubmitted` to `EnqueuingCompleted` in the real enqueuer, ids, acknowledgements and all. */
export async function benchEnqueue(): Promise<void> {
  console.log(`${BATCH_COUNT} batches of one item into the JetStream queue\n`);
  const cortex = await CortexUnderTest.start();
  const { platform } = cortex;
  const nats = await connect({ servers: platform.natsUrl });
  const rates: number[] = [];
  try {
    const container = { name: 'silent', image: 'none', command: SILENT_HANDLER };
    await platform.deploy({ name: 'silent', kind: 'BatchAPI', pod: { containers: [container] } });
    const items = Array.from({ length: BATCH_COUNT }, (_, item) => item);
    const body = JSON.stringify({ workers: 1, item_list: { items, batch_size: 1 } });
    for (let run = 0; run <= RUNS; run++) {
      const enqueued = nextEvent(nats, 'EnqueuingCompleted'); // Asking again and again would cost it time.
      await nats.flush();
      const { job_id: jobId } = await platform.submit('silent', body);
      const job = { api: 'silent', jobId };
      await enqueued;
      const [submitted] = await eventsOf(platform.natsUrl, job, 'JobSubmitted');
      const [completed] = await eventsOf(platform.natsUrl, job, 'EnqueuingCompleted');
      const ms = Date.parse(completed?.at ?? '') - Date.parse(submitted?.at ?? '');
      const rate = Math.round((BATCH_COUNT / ms) * 1000);
      console.log(`${run === 0 ? 'warm-up' : `run ${run}`}: ${rate} batches/s`);
      if (run > 0) rates.push(rate);
      await platform.stopJob('silent', jobId);
      await until('its worker to leave', () => platform.workerPids().length === 0);
    }
  } finally {
    await nats.close();
    await cortex.stop();
  }
  const perSecond = summarize(rates);
  printTable([
    ['median (range)', 'batches/s', 'items/s', 'wanted'],
    ['enqueuing', formatRate(perSecond), formatRate(perSecond), `${WANTED_PER_SECOND} batches/s`],
  ]);
  writeResult('enqueue', { bench: 'enqueue', batchCount: BATCH_COUNT, perSecond });
}
