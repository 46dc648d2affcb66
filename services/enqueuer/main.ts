import 'reflect-metadata';
import { BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import { openBatchQueue } from '#libs/batch-queue/batch-queue.wiring.ts';
import { EventStoreUnavailable, VersionConflict } from '#libs/event-store/event-store.port.ts';
import { openEventStore } from '#libs/event-store/event-store.wiring.ts';
import { BlobStoreUnavailable } from '#libs/object-store/blob-store.port.ts';
import { InputFilesUnavailable } from '#libs/object-store/input-files.port.ts';
import { openInputFiles } from '#libs/object-store/input-files.wiring.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { mapStacksWhenRead } from '#libs/platform/mapped-stacks.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { startMicroservice } from '#libs/platform/nest/start-microservice.ts';
import { closeOnSignal } from '#libs/platform/shutdown.ts';
import { EnqueueJob } from './enqueue-job/enqueue-job.ts';
import { loadEnqueuerConfig } from './enqueuer.config.ts';
import { EnqueuerModule } from './enqueuer.module.ts';
import { TakeJobs } from './take-jobs/take-jobs.ts';

mapStacksWhenRead();
const config = loadEnqueuerConfig(process.env);
const logger = createLogger('enqueuer', config.logLevel);
const stopping = new AbortController();

const nats = await connectNats(config.natsUrl, { name: 'enqueuer', logger });
const store = await openEventStore(nats, config.eventStore, logger);
const queue = await openBatchQueue(nats, config.queue, logger);
const blobs = await JetStreamBlobStore.open(nats);

const inputFiles = openInputFiles(config.aws);
const work = new EnqueueJob({ store, queue, blobs, inputFiles, clock: systemClock, logger });
const takeJobs = new TakeJobs(store, work, {
  leaseMs: config.leaseMs,
  jobsMax: config.jobsMax,
  logger,
  isTransient: (error) =>
    error instanceof EventStoreUnavailable ||
    error instanceof VersionConflict ||
    error instanceof BatchQueueUnavailable ||
    error instanceof BlobStoreUnavailable ||
    error instanceof InputFilesUnavailable,
});
const taking = takeJobs.run(stopping.signal);
taking.catch((error: unknown) => {
  logger.error({ err: error }, 'cannot take jobs any more');
  process.exit(1); // Whoever supervises us starts us again.
});

const app = await startMicroservice(EnqueuerModule, {
  natsUrl: config.natsUrl,
  service: 'enqueuer',
  logger,
});

closeOnSignal(async () => {
  await app.close();
  stopping.abort();
  await taking;
  await store.close();
  await nats.drain();
}, logger);
