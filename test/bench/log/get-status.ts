import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { messageOf, terminate } from '../processes.ts';
import { printTable } from '../report.ts';
import { formatRate, quantile, summarize } from '../statistics.ts';
import type { LoadResult, LoadTask } from './load-peer.ts';
import { LogServer } from './log-server.ts';
import { SyntheticLog, syntheticJobId } from './synthetic-log.ts';

const JOB_COUNT = 1000;
const BATCHES_PER_JOB = 100;
const CONNECTIONS = 100;
const SECONDS = 5;
const RUNS = 5;
const WANTED_SHARE = 0.4;
const START_MS_MAX = 60_000;

/**
 * `GET` of a running job's status through gateway and projector, against a bare Fastify route that
 * returns the same document. In turns, by the same load generator; all share the machine's cores.
 */
export async function benchGetStatus(): Promise<object> {
  const server = await LogServer.start();
  const load = forkPeer('load-peer.ts');
  const bare = forkPeer('bare-route-peer.ts');
  try {
    await messageOf(load);
    await writeRunningJobs(server.natsUrl);
    const origin = await startGateway(server);
    const paths = Array.from({ length: JOB_COUNT }, (_, job) => pathOf(job));
    const documentJson = await (await fetch(origin + pathOf(0))).text();
    const listening = messageOf<{ url: string }>(bare);
    bare.send({ documentJson });
    const { url } = await listening;

    const targets = {
      bare: { origin: url, paths: ['/job'] },
      oneJob: { origin, paths: paths.slice(0, 1) },
      manyJobs: { origin, paths },
    };
    const runs: Record<keyof typeof targets, LoadResult[]> = { bare: [], oneJob: [], manyJobs: [] };
    for (let run = 0; run <= RUNS; run++) {
      for (const name of ['bare', 'oneJob', 'manyJobs'] as const) {
        const result = await runLoad(load, targets[name]);
        const facts = `${name} ${Math.round(result.requestsPerSecond)} requests/s`;
        console.log(`${run === 0 ? 'warm-up' : `run ${run}`}: ${facts}`);
        if (run > 0) runs[name].push(result);
      }
    }
    return report(runs, documentJson.length);
  } finally {
    await Promise.all([terminate(load), terminate(bare)]);
    await server.stop();
  }
}

function report(
  { bare, oneJob, manyJobs }: Readonly<Record<'bare' | 'oneJob' | 'manyJobs', LoadResult[]>>,
  documentBytes: number,
): object {
  const floor = figures(bare);
  const rows = [
    { name: 'bare Fastify route', ...floor },
    { name: 'GET of one job', ...figures(oneJob) },
    { name: `GET of ${JOB_COUNT} jobs in turn`, ...figures(manyJobs) },
  ].map((row) => ({
    ...row,
    share: row.requestsPerSecond.median / floor.requestsPerSecond.median,
  }));
  console.log(
    `\n${documentBytes} bytes, ${CONNECTIONS} connections, median (range) of ${RUNS} runs`,
  );
  printTable([
    ['', 'requests/s', 'p50', 'p99', 'of the bare route', 'wanted'],
    ...rows.map(({ name, requestsPerSecond, p50Ms, p99Ms, share }) => [
      name,
      formatRate(requestsPerSecond),
      `${p50Ms.toFixed(1)} ms`,
      `${p99Ms.toFixed(1)} ms`,
      `${Math.round(share * 100)}%`,
      `${WANTED_SHARE * 100}%`,
    ]),
  ]);
  return { documentBytes, connections: CONNECTIONS, rows };
}

function figures(results: readonly LoadResult[]) {
  const latenciesMs = results.flatMap((result) => result.latenciesMs);
  return {
    requestsPerSecond: summarize(results.map((result) => result.requestsPerSecond)),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

const forkPeer = (name: string): ChildProcess => fork(join(import.meta.dirname, name));

async function runLoad(
  load: ChildProcess,
  target: Pick<LoadTask, 'origin' | 'paths'>,
): Promise<LoadResult> {
  const loaded = messageOf<LoadResult>(load);
  load.send({ ...target, connections: CONNECTIONS, seconds: SECONDS });
  return loaded;
}

const pathOf = (job: number): string => `/sum?jobID=${syntheticJobId(job)}`;

/** Gateway and projector; what a `GET` of a status does not meet is not there. */
async function startGateway(server: LogServer): Promise<string> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  server.startService('status-projector');
  server.startService('gateway', { HOST: '127.0.0.1', PORT: String(port) });
  await until(
    'the status over HTTP',
    async () => (await fetch(origin + pathOf(JOB_COUNT - 1)).catch(() => null))?.status === 200,
    START_MS_MAX,
  );
  return origin;
}

async function writeRunningJobs(natsUrl: string): Promise<void> {
  const nats = await connectNats(natsUrl, { name: 'bench-writer', logger: silentLogger });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const log = new SyntheticLog(store);
  await log.deployApi();
  const jobs = Array.from({ length: JOB_COUNT }, (_, number) => ({
    number,
    batchCount: BATCHES_PER_JOB,
    settledCount: BATCHES_PER_JOB / 2,
  }));
  await log.writeJobs(jobs, 50);
  await store.close();
  await nats.close();
}
