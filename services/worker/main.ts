import { openBatchQueue } from '#libs/batch-queue/batch-queue.wiring.ts';
import { type FromWorker, isToWorker } from '#libs/compute/worker-protocol.ts';
import { openEventStore } from '#libs/event-store/event-store.wiring.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { pause } from '#libs/platform/pause.ts';
import { loadWorkerConfig, type WorkerConfig } from './worker.config.ts';
import { Worker } from './worker.ts';

/** How long a call in flight may go on when there is nobody left to say how long. */
const GRACE_MS = 5000;
const FLUSH_MS_MAX = 1000;

const config = loadWorkerConfig(process.env);
const logger = createLogger('worker', config.logLevel);

/** Resolves even when nobody is left to hear it: the worker then leaves anyway. */
const send = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, {}, () => resolve());
  });

async function openWorker({
  natsUrl,
  eventStore,
  queue: queueConfig,
  settings,
}: WorkerConfig): Promise<Worker> {
  const connection = await connectNats(natsUrl, { name: 'worker', logger });
  const store = await openEventStore(connection, eventStore, logger);
  const queue = await openBatchQueue(connection, queueConfig, logger);
  const { leaseMs } = queueConfig;
  const exit = (code: number): void => {
    // What was settled last is still in the client's buffer; without a server it stays there.
    void Promise.race([connection.flush(), pause(FLUSH_MS_MAX)]).finally(() => process.exit(code));
  };
  return new Worker({ store, queue, send, exit, clock: systemClock, leaseMs, settings, logger });
}

let worker: Worker | null = null;
process.once('exit', () => worker?.killHandler());
process.once('uncaughtException', (error) => {
  logger.error({ err: error }, 'worker crashed');
  process.exit(1);
});

const opening = openWorker(config);
process.on('message', (message) => {
  if (isToWorker(message)) void opening.then((opened) => opened.obey(message));
});
// A worker that nobody supervises any more, or that is told to end, gives back what it holds.
for (const event of ['disconnect', 'SIGTERM', 'SIGINT']) {
  process.once(event, () => {
    if (worker === null) process.exit(0);
    worker.obey({ type: 'stop', graceMs: GRACE_MS });
  });
}
worker = await opening;
