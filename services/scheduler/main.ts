import 'reflect-metadata';
import { join } from 'node:path';
import { openBatchQueue } from '#libs/batch-queue/batch-queue.wiring.ts';
import type { Compute } from '#libs/compute/compute.port.ts';
import { LocalProcessCompute } from '#libs/compute/local-process/local-process-compute.ts';
import { workerProgramIn } from '#libs/compute/local-process/worker-program.ts';
import { openArchivedLog } from '#libs/archive/archived-log.wiring.ts';
import { JetStreamLeaderLease } from '#libs/leader-lease/jetstream/jetstream-leader-lease.ts';
import { haltJob } from '#libs/messaging/job-halts.ts';
import { openArchiveStore } from '#libs/object-store/archive-store.wiring.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { mapStacksWhenRead } from '#libs/platform/mapped-stacks.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { startMicroservice } from '#libs/platform/nest/start-microservice.ts';
import { closeOnSignal } from '#libs/platform/shutdown.ts';
import { JetStreamDocumentStore } from '#libs/projection/document-store/jetstream/jetstream-document-store.ts';
import type { KubernetesConfig } from './kubernetes.config.ts';
import { Leader } from './leader.ts';
import { handlerEnvOf, loadSchedulerConfig, workerEnvOf } from './scheduler.config.ts';
import { SchedulerModule } from './scheduler.module.ts';

mapStacksWhenRead();
const config = loadSchedulerConfig(process.env);
const logger = createLogger('scheduler', config.logLevel);
const stopping = new AbortController();

const nats = await connectNats(config.natsUrl, { name: 'scheduler', logger });
const archives = openArchiveStore(config.queue.aws);
const store = await openArchivedLog(nats, { ...config, archives }, logger);
const queue = await openBatchQueue(nats, config.queue, logger);
const blobs = await JetStreamBlobStore.open(nats);
const documents = await JetStreamDocumentStore.open(nats);
const lease = await JetStreamLeaderLease.open(nats, {
  name: 'scheduler',
  ttlMs: config.leaderTtlMs,
  logger,
});

/** Of what was built also when this is a bundle: what workers and pods are started with are files of their own. */
const services = new URL('../../services/', import.meta.url);

function localCompute(): Compute {
  const { command, runners } = workerProgramIn(services);
  const workerEnv = workerEnvOf(process.env, config);
  return new LocalProcessCompute({
    dataDir: config.dataDir,
    workersMax: config.workersMax,
    warmWorkers: config.warmWorkers,
    worker: {
      command,
      env: { NODE_COMPILE_CACHE: join(config.dataDir, 'compiled'), ...workerEnv },
    },
    runners,
    handlerEnv: handlerEnvOf(process.env),
    workingFolder: process.cwd(),
    blobs,
    haltEverywhere: (jobId) => haltJob(nats, jobId),
    clock: systemClock,
    retention: config.retention,
    onSweepFailed: (error) => logger.warn({ err: error }, 'cannot remove old files, will retry'),
  });
}

/** The client of Kubernetes takes 70 MB of memory, so it is loaded only where it is used. */
async function kubernetesCompute(kubernetes: KubernetesConfig): Promise<Compute> {
  const { openKubernetesCompute } = await import('./kubernetes.wiring.ts');
  return openKubernetesCompute(kubernetes, { connection: nats, blobs, logger, services });
}

const { kubernetes } = config;
const compute = kubernetes === null ? localCompute() : await kubernetesCompute(kubernetes);
const leader = new Leader({
  store,
  queue,
  blobs,
  documents,
  lease,
  compute,
  clock: systemClock,
  logger,
  graceMs: config.stopGraceMs,
  queueLookMs: config.queueLookMs,
  queueSweepMs: config.queueLookMs,
  webhooks: config.webhooks,
  archiving: config.archive && { archives, rule: config.archive },
});
const leading = leader.run(stopping.signal);
leading.catch((error: unknown) => {
  logger.error({ err: error }, 'cannot lead any more');
  process.exit(1); // Whoever supervises us starts us again; until then a standby leads.
});

const app = await startMicroservice(SchedulerModule.with({ compute, leader }), {
  natsUrl: config.natsUrl,
  service: 'scheduler',
  logger,
});

closeOnSignal(async () => {
  await app.close();
  stopping.abort();
  await leading;
  await store.close();
  await nats.drain();
}, logger);
