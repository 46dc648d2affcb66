import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { messageOf, terminate } from '../processes.ts';
import { printTable } from '../report.ts';
import { formatRate, summarize } from '../statistics.ts';
import { LogServer } from './log-server.ts';
import { eventCountOf, SyntheticLog } from './synthetic-log.ts';

const EVENT_COUNT = 2_000_000;
const BATCHES_PER_JOB = 5000;
const JOBS_AT_A_TIME = 8;
const RUNS = 5;
const WANTED_SHARE = 0.6;
const RESIDENT_MB_MAX = 400;
/** Counts up with every change of what is written. */
const LOG_VERSION = 1;

export interface RebuildOptions {
  readonly eventCount: number | null;
  /** Where the log is kept for the next time; `null`: nowhere. */
  readonly dataDir: string | null;
}

interface Reading {
  readonly seconds: number;
  readonly eventCount: number;
  readonly peakMb: number;
}

/** A whole log folded from zero, against a consumer that parses the same messages and keeps nothing. */
export async function benchRebuild(options: RebuildOptions): Promise<object> {
  const server = await serverWithLog(options);
  const consumed: Reading[] = [];
  const folded: Reading[] = [];
  try {
    for (let run = 0; run <= RUNS; run++) {
      const consumer = await readBy('consumer-peer.ts', server.natsUrl);
      const follower = await readBy('follower-peer.ts', server.natsUrl);
      if (consumer.eventCount !== follower.eventCount) {
        throw new Error(`${follower.eventCount} events folded of ${consumer.eventCount}`);
      }
      const facts = `consumer ${rate(consumer)} events/s, rebuild ${rate(follower)} events/s in ${follower.peakMb} MB`;
      console.log(`${run === 0 ? 'warm-up' : `run ${run}`}: ${facts}`);
      if (run === 0) continue;
      consumed.push(consumer);
      folded.push(follower);
    }
  } finally {
    await server.stop();
  }
  return report(consumed, folded);
}

function report(consumed: readonly Reading[], folded: readonly Reading[]): object {
  const consumer = summarize(consumed.map(rate));
  const rebuild = summarize(folded.map(rate));
  const share = rebuild.median / consumer.median;
  const peakMb = Math.max(...folded.map((reading) => reading.peakMb));
  const eventCount = folded[0]?.eventCount ?? 0;
  console.log(`\n${eventCount} events, median (range) of ${RUNS} runs`);
  printTable([
    ['', 'events/s', 'of the bare consumer', 'peak resident'],
    ['bare ordered consumer that parses', formatRate(consumer), '', ''],
    [
      'rebuild from zero',
      formatRate(rebuild),
      `${Math.round(share * 100)}%, wanted ${WANTED_SHARE * 100}%`,
      `${peakMb} MB, wanted less than ${RESIDENT_MB_MAX}`,
    ],
  ]);
  return { eventCount, consumer, rebuild, share, peakMb };
}

const rate = ({ eventCount, seconds }: Reading): number => Math.round(eventCount / seconds);

/** Each reading in a new process, as a rebuild is. */
async function readBy(peer: string, natsUrl: string): Promise<Reading> {
  const child = fork(join(import.meta.dirname, peer), {
    env: { ...process.env, NATS_URL: natsUrl },
  });
  await messageOf(child);
  const read = messageOf<Reading>(child);
  child.send('go');
  const reading = await read;
  await terminate(child);
  return reading;
}

/** Writes the log unless the folder holds just this one. */
async function serverWithLog({ eventCount, dataDir }: RebuildOptions): Promise<LogServer> {
  const jobCount = Math.ceil((eventCount ?? EVENT_COUNT) / eventCountOf(BATCHES_PER_JOB));
  const folder = dataDir && join(dataDir, `log.v${LOG_VERSION}.${jobCount}-jobs`);
  const mark = folder && join(folder, 'complete');
  if (mark !== null && existsSync(mark)) return LogServer.start(folder);
  if (folder !== null) await rm(folder, { recursive: true, force: true });
  const server = await LogServer.start(folder);
  const startedAt = performance.now();
  await writeLog(server.natsUrl, jobCount);
  console.log(`log written in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  if (mark !== null) await writeFile(mark, '');
  return server;
}

async function writeLog(natsUrl: string, jobCount: number): Promise<void> {
  const nats = await connectNats(natsUrl, { name: 'bench-writer', logger: silentLogger });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const log = new SyntheticLog(store);
  await log.deployApi();
  const jobs = Array.from({ length: jobCount }, (_, number) => ({
    number,
    batchCount: BATCHES_PER_JOB,
    settledCount: BATCHES_PER_JOB,
  }));
  await log.writeJobs(jobs, JOBS_AT_A_TIME);
  await store.close();
  await nats.close();
}
