import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { messageWriter } from '#libs/event-store/jetstream/event-envelope.ts';
import { type HealthAnswer, healthPattern } from '#libs/messaging/queries.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import {
  type OutgoingMessage,
  PipelinedPublisher,
} from '#libs/platform/nats/pipelined-publisher.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { pause } from '#libs/platform/pause.ts';
import { until } from '#test/support/until.ts';
import { printTable } from '../report.ts';
import { quantile } from '../statistics.ts';
import { LogServer, peakResidentMb } from './log-server.ts';
import { BENCH_API, outcomeOf, SyntheticLog, syntheticJobId } from './synthetic-log.ts';

const OUTCOMES_PER_SECOND = 10_000;
const SECONDS = 20;
const RUNNING_JOBS = 1000;
const BATCHES_PER_JOB = 1000;
/** Jobs whose batches are being settled. */
const BUSY_JOBS = 10;
/** Five snapshots in the time that is measured, which by default has two. */
const SNAPSHOT_INTERVAL_MS = 4000;
const ROUND_MS = 5;
const LIMIT_MS = 250;
const RESIDENT_MB_MAX = 400;
const TIMEOUT_MS = 60_000;

/** When the log had taken an outcome, and when the projector. */
interface Stored {
  readonly position: number;
  readonly atMs: number;
}

/**
 * How long after the log has taken an outcome the projector has, with outcomes coming evenly. The
 * projector is asked every 5 ms how far it is, so what is measured is up to that more than it is.
 */
export async function benchLag({
  eventCount,
}: {
  readonly eventCount: number | null;
}): Promise<object> {
  const outcomeCount = eventCount ?? OUTCOMES_PER_SECOND * SECONDS;
  const server = await LogServer.start();
  try {
    await writeRunningJobs(server.natsUrl, outcomeCount);
    const projector = server.startService('status-projector', {
      SNAPSHOT_INTERVAL_MS: String(SNAPSHOT_INTERVAL_MS),
    });
    const lag = await measureLag(server.natsUrl, outcomeCount);
    return report({ ...lag, peakMb: peakResidentMb(projector.pid) });
  } finally {
    await server.stop();
  }
}

interface Lag {
  readonly delaysMs: readonly number[];
  readonly outcomesPerSecond: number;
  readonly peakMb: number;
}

function report({ delaysMs, outcomesPerSecond, peakMb }: Lag): object {
  const [p50Ms, p99Ms] = [quantile(delaysMs, 0.5), quantile(delaysMs, 0.99)];
  const maxMs = quantile(delaysMs, 1);
  console.log(`\n${RUNNING_JOBS} running jobs, a snapshot every ${SNAPSHOT_INTERVAL_MS} ms`);
  printTable([
    ['outcomes/s', 'lag p50', 'p99', 'max', 'wanted', 'peak resident'],
    [
      outcomesPerSecond.toFixed(0),
      ...[p50Ms, p99Ms, maxMs].map((ms) => `${ms.toFixed(0)} ms`),
      `p99 < ${LIMIT_MS} ms`,
      `${peakMb} MB, wanted less than ${RESIDENT_MB_MAX}`,
    ],
  ]);
  return { outcomes: delaysMs.length, outcomesPerSecond, p50Ms, p99Ms, maxMs, peakMb };
}

async function measureLag(natsUrl: string, outcomeCount: number): Promise<Omit<Lag, 'peakMb'>> {
  const client = new NatsRequestClient(natsUrl);
  const pattern = healthPattern('status-projector');
  const ask = () => client.ask<HealthAnswer>(pattern, {}, TIMEOUT_MS).catch(() => null);
  const position = async (): Promise<number> => Number((await ask())?.details['position'] ?? 0);
  await until('the projector', async () => (await ask())?.details['lagEvents'] === 0, TIMEOUT_MS);

  const writing = writeOutcomes(natsUrl, outcomeCount);
  const seen: Stored[] = [];
  const ended = writing.then(({ stored }) =>
    stored.reduce((last, { position: at }) => Math.max(last, at), 0),
  );
  let lastPosition = Infinity;
  void ended.then((last) => (lastPosition = last));
  while ((seen.at(-1)?.position ?? 0) < lastPosition) {
    const at = await position();
    seen.push({ position: at, atMs: performance.now() });
    await pause(ROUND_MS);
  }
  const { stored, seconds } = await writing;
  await client.close();
  return { delaysMs: delaysOf(stored, seen), outcomesPerSecond: outcomeCount / seconds };
}

/** Of each outcome, from when it was stored to when the projector first said that it had it. */
function delaysOf(stored: readonly Stored[], seen: readonly Stored[]): readonly number[] {
  const inOrder = [...stored].sort((a, b) => a.position - b.position);
  let next = 0;
  return inOrder.map(({ position, atMs }) => {
    while ((seen[next]?.position ?? Infinity) < position) next += 1;
    return Math.max(0, (seen[next]?.atMs ?? Number.NaN) - atMs);
  });
}

/** Records outcomes at an even pace, and tells when each was acknowledged. */
async function writeOutcomes(
  natsUrl: string,
  outcomeCount: number,
): Promise<{ readonly stored: readonly Stored[]; readonly seconds: number }> {
  const nats = await connectNats(natsUrl, { name: 'bench-outcomes', logger: silentLogger });
  const publisher = new PipelinedPublisher(nats, TIMEOUT_MS);
  const writers = Array.from({ length: BUSY_JOBS }, (_, number) =>
    messageWriter({ kind: 'batch', apiName: BENCH_API, jobId: syntheticJobId(number) }),
  );
  const stored: Stored[] = [];
  const storing: Promise<void>[] = [];
  const publish = async (message: OutgoingMessage): Promise<void> => {
    const { seq: position } = await publisher.publish(message);
    stored.push({ position, atMs: performance.now() });
  };
  const startedAt = performance.now();
  for (let sent = 0; sent < outcomeCount;) {
    const elapsedMs = performance.now() - startedAt;
    const due = Math.min(outcomeCount, Math.floor((elapsedMs * OUTCOMES_PER_SECOND) / 1000));
    for (; sent < due; sent++) {
      const job = sent % BUSY_JOBS;
      const message = writers[job]?.(outcomeOf(syntheticJobId(job), Math.floor(sent / BUSY_JOBS)));
      if (message === undefined) throw new Error('there is a writer of each job');
      storing.push(publish(message));
    }
    await pause(ROUND_MS);
  }
  await Promise.all(storing);
  const seconds = (performance.now() - startedAt) / 1000;
  publisher.close();
  await nats.close();
  return { stored, seconds };
}

async function writeRunningJobs(natsUrl: string, outcomeCount: number): Promise<void> {
  const nats = await connectNats(natsUrl, { name: 'bench-writer', logger: silentLogger });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const log = new SyntheticLog(store);
  await log.deployApi();
  const jobs = Array.from({ length: RUNNING_JOBS }, (_, number) => ({
    number,
    batchCount: number < BUSY_JOBS ? Math.ceil(outcomeCount / BUSY_JOBS) : BATCHES_PER_JOB,
    settledCount: number < BUSY_JOBS ? 0 : BATCHES_PER_JOB / 10,
  }));
  await log.writeJobs(jobs, 50);
  await store.close();
  await nats.close();
}
