import { fork } from 'node:child_process';
import { join } from 'node:path';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { type GetJobAnswer, QUERIES } from '#libs/messaging/queries.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { until } from '#test/support/until.ts';
import { messageOf, terminate } from '../processes.ts';
import { printTable } from '../report.ts';
import { quantile } from '../statistics.ts';
import { LogServer } from './log-server.ts';
import { SyntheticLog, syntheticJobId } from './synthetic-log.ts';

const BATCH_COUNT = 1_000_000;
const QUESTIONS = 5000;
const WARM_UP_QUESTIONS = 500;
const LIMIT_MS = 5;
const TIMEOUT_MS = 120_000;

/** How long the status of one very large running job takes, one question after the other. */
export async function benchStatusAnswer({
  eventCount,
}: {
  readonly eventCount: number | null;
}): Promise<object> {
  const batchCount = eventCount ?? BATCH_COUNT;
  const server = await LogServer.start();
  try {
    await writeRunningJob(server.natsUrl, batchCount);
    const inside = await insideTimes(server.natsUrl);
    server.startService('status-projector');
    const roundTrips = await roundTripTimes(server.natsUrl, batchCount);
    return report(batchCount, { inside, roundTrips });
  } finally {
    await server.stop();
  }
}

function report(batchCount: number, times: Readonly<Record<string, readonly number[]>>): object {
  const names: Readonly<Record<string, string>> = {
    inside: 'waiting for the log, folding and writing the document',
    roundTrips: 'question to answer over NATS',
  };
  const summaries = Object.entries(times).map(([name, ms]) => {
    const [p50Ms, p99Ms, maxMs] = [quantile(ms, 0.5), quantile(ms, 0.99), Math.max(...ms)];
    return [name, { p50Ms, p99Ms, maxMs }] as const;
  });
  console.log(
    `\n${QUESTIONS} questions about a running job of ${batchCount} batches, half settled`,
  );
  printTable([
    ['ms', 'p50', 'p99', 'max', 'wanted'],
    ...summaries.map(([name, { p50Ms, p99Ms, maxMs }]) => [
      names[name] ?? name,
      ...[p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2)),
      `p99 < ${LIMIT_MS}`,
    ]),
  ]);
  return { batchCount, questions: QUESTIONS, ...Object.fromEntries(summaries) };
}

/** Times inside the projector, told by a process that answers with the projector's own code. */
async function insideTimes(natsUrl: string): Promise<readonly number[]> {
  const child = fork(join(import.meta.dirname, 'answer-peer.ts'), {
    env: { ...process.env, NATS_URL: natsUrl },
  });
  await messageOf(child);
  const answered = messageOf<readonly number[]>(child);
  child.send({ jobId: syntheticJobId(0), warmUpCount: WARM_UP_QUESTIONS, count: QUESTIONS });
  const times = await answered;
  await terminate(child);
  return times;
}

async function roundTripTimes(natsUrl: string, batchCount: number): Promise<readonly number[]> {
  const client = new NatsRequestClient(natsUrl);
  const query = { jobId: syntheticJobId(0) };
  const ask = () => client.ask<GetJobAnswer>(QUERIES.getJob, query, TIMEOUT_MS);
  const first = await until('the projector', () => ask().catch(() => null), TIMEOUT_MS);
  const { batch_counts: counts } = JSON.parse(first.found?.jobStatusJson ?? '{}');
  if (counts.enqueued !== batchCount)
    throw new Error(`unexpected counts ${JSON.stringify(counts)}`);
  const times: number[] = [];
  for (let asked = -WARM_UP_QUESTIONS; asked < QUESTIONS; asked++) {
    const startedAt = performance.now();
    await ask();
    if (asked >= 0) times.push(performance.now() - startedAt);
  }
  await client.close();
  return times;
}

async function writeRunningJob(natsUrl: string, batchCount: number): Promise<void> {
  const nats = await connectNats(natsUrl, { name: 'bench-writer', logger: silentLogger });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const log = new SyntheticLog(store);
  await log.deployApi();
  await log.writeJobs([{ number: 0, batchCount, settledCount: Math.floor(batchCount / 2) }], 1);
  await store.close();
  await nats.close();
}
