import { openBatchQueue } from '#libs/batch-queue/batch-queue.wiring.ts';
import { type FromWorker, isToWorker } from '#libs/compute/worker-protocol.ts';
import { openEventStore } from '#libs/event-store/event-store.wiring.ts';
import { onJobHalt } from '#libs/messaging/job-halts.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { mapStacksWhenRead } from '#libs/platform/mapped-stacks.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { pause } from '#libs/platform/pause.ts';
import { PodHandler } from './in-pod/pod-handler.ts';
import { PodWorker } from './in-pod/run-in-pod.ts';
import { JobTurns } from './under-parent/job-turns.ts';
import { loadWorkerConfig } from './worker.config.ts';
import { Worker, type WorkerDeps, type WorkerLinks } from './worker.ts';

/** How long a call in flight may go on when there is nobody left to say how long. */
const GRACE_MS = 5000;
const FLUSH_MS_MAX = 1000;

mapStacksWhenRead();
const config = loadWorkerConfig(process.env);
const logger = createLogger('worker', config.logLevel);

/** Resolves even when nobody is left to hear it: the worker then leaves anyway. */
const sendToParent = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, {}, () => resolve());
  });

const connecting = connectNats(config.natsUrl, { name: 'worker', logger });

async function openDeps(): Promise<Omit<WorkerDeps, keyof WorkerLinks>> {
  const connection = await connecting;
  const store = await openEventStore(connection, config.eventStore, logger);
  const queue = await openBatchQueue(connection, config.queue, logger);
  const { settings } = config;
  const { leaseMs } = config.queue;
  return { store, queue, clock: systemClock, leaseMs, settings, logger };
}

/** What was settled last is still in the client's buffer; without a server it stays there. */
async function flush(): Promise<void> {
  const flushed = connecting.then((connection) => connection.flush());
  await Promise.race([flushed, pause(FLUSH_MS_MAX)]).catch(() => {}); // The connection was closed.
}

function endProcess(code: number): void {
  void flush().then(() => process.exit(code));
}

/** Whoever started this process says what to do. */
async function runUnderParent(): Promise<void> {
  const opening = openTurns();
  process.on('message', (message) => {
    if (isToWorker(message)) void opening.then((opened) => opened.obey(message));
  });
  leaveOn('disconnect', 'SIGTERM', 'SIGINT');
  running = await opening;
}

async function openTurns(): Promise<JobTurns> {
  const connection = await connecting;
  const deps = await openDeps();
  return new JobTurns({
    newWorker: (links) => new Worker({ ...deps, ...links }),
    onHalt: (jobId, halt) => onJobHalt(connection, jobId, halt),
    send: sendToParent,
    exit: endProcess,
    flush,
  });
}

/** Whoever leads says what to do. */
async function runInPod(pod: NonNullable<typeof config.pod>): Promise<void> {
  leaveOn('SIGTERM', 'SIGINT');
  const podWorker = new PodWorker(await connecting, pod, endProcess);
  process.once('SIGTERM', () => podWorker.close());
  const podHandler = new PodHandler(pod.handlerPort);
  const worker = new Worker({ ...(await openDeps()), ...podWorker.links, podHandler });
  running = {
    end: (graceMs) => worker.obey({ type: 'stop', graceMs }),
    killHandler: () => worker.killHandler(),
  };
  await podWorker.run(worker);
}

/** A worker that nobody supervises any more, or that is told to end, gives back what it holds. */
function leaveOn(...events: readonly string[]): void {
  for (const event of events) {
    process.once(event, () => {
      if (running === null) process.exit(config.pod === null ? 0 : 1);
      running.end(GRACE_MS);
    });
  }
}

let running: Pick<JobTurns, 'end' | 'killHandler'> | null = null;
process.once('exit', () => running?.killHandler());
process.once('uncaughtException', (error) => {
  logger.error({ err: error }, 'worker crashed');
  process.exit(1);
});
await (config.pod === null ? runUnderParent() : runInPod(config.pod));
