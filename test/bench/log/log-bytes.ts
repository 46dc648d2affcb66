import { jetstreamManager } from '@nats-io/jetstream';
import { messageWriter } from '#libs/event-store/jetstream/event-envelope.ts';
import { EVENT_STREAM } from '#libs/event-store/jetstream/event-stream.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { readMessages } from '#libs/event-store/jetstream/read-messages.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { printTable } from '../report.ts';
import { LogServer } from './log-server.ts';
import { BENCH_API, outcomeOf, SyntheticLog, syntheticJobId } from './synthetic-log.ts';

const JOB_COUNT = 4;
const BATCHES_PER_JOB = 5000;

/** What one batch costs in the log, all events of its job shared among its batches. */
export async function benchLogBytes(): Promise<object> {
  const server = await LogServer.start();
  const logger = silentLogger;
  const connection = await connectNats(server.natsUrl, { name: 'bench-bytes', logger });
  try {
    const store = await JetStreamEventStore.open(connection, { logger });
    const log = new SyntheticLog(store);
    await log.deployApi();
    const jobs = Array.from({ length: JOB_COUNT }, (_, number) => ({
      number,
      batchCount: BATCHES_PER_JOB,
      settledCount: BATCHES_PER_JOB,
    }));
    await log.writeJobs(jobs, JOB_COUNT);
    await store.close();

    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(EVENT_STREAM);
    const range = { filterSubject: '>', firstSequence: 1, lastSequence: state.last_seq };
    const parts = { subject: 0, headers: 0, payload: 0 };
    for await (const message of readMessages({ connection, manager, logger }, range)) {
      parts.subject += message.subject.length;
      parts.headers += message.headerText.length;
      parts.payload += message.payload.length;
    }
    const rest = state.bytes - parts.subject - parts.headers - parts.payload;
    return report({ ...parts, "JetStream's own": rest }, state.messages);
  } finally {
    await connection.close();
    await server.stop();
  }
}

function report(parts: Readonly<Record<string, number>>, eventCount: number): object {
  const batchCount = JOB_COUNT * BATCHES_PER_JOB;
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  const perBatch = (bytes: number): string => (bytes / batchCount).toFixed(1);
  console.log(`\n${batchCount} batches in ${eventCount} events`);
  printTable([
    ['part', 'bytes per batch', 'of all'],
    ...Object.entries(parts).map(([name, bytes]) => [
      name,
      perBatch(bytes),
      `${Math.round((bytes / total) * 100)}%`,
    ]),
    ['together', perBatch(total), ''],
  ]);
  const lane = { kind: 'batch', apiName: BENCH_API, jobId: syntheticJobId(0) } as const;
  const { subject, headers, payload } = messageWriter(lane)(outcomeOf(syntheticJobId(0), 1234));
  const lines = [...headers].map(([name, values]) => `${name}: ${values.join()}`);
  console.log(`\n${[subject, ...lines, '', Buffer.from(payload).toString()].join('\n')}`);
  return { batchCount, eventCount, bytesPerBatch: total / batchCount, parts };
}
