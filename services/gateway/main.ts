import 'reflect-metadata';
import { openBatchQueue } from '#libs/batch-queue/batch-queue.wiring.ts';
import { openArchivedLog } from '#libs/archive/archived-log.wiring.ts';
import { openArchiveStore } from '#libs/object-store/archive-store.wiring.ts';
import { openInputFiles } from '#libs/object-store/input-files.wiring.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { mapStacksWhenRead } from '#libs/platform/mapped-stacks.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { closeOnSignal } from '#libs/platform/shutdown.ts';
import { loadGatewayConfig } from './gateway.config.ts';
import { createGateway } from './gateway.module.ts';
import { NatsStatusQueries } from './nats-status-queries.ts';

mapStacksWhenRead();
const config = loadGatewayConfig(process.env);
const logger = createLogger('gateway', config.logLevel);

const nats = await connectNats(config.natsUrl, { name: 'gateway', logger });
const archives = openArchiveStore(config.aws);
const store = await openArchivedLog(nats, { ...config, archives }, logger);
const questions = new NatsRequestClient(config.natsUrl);

const app = await createGateway({
  config,
  store,
  blobs: await JetStreamBlobStore.open(nats),
  queue: await openBatchQueue(nats, config.queue, logger),
  inputFiles: openInputFiles(config.aws),
  queries: new NatsStatusQueries(questions, nats),
  clock: systemClock,
  logger,
});
await app.listen({ port: config.port, host: config.host });
logger.info({ url: await app.getUrl() }, 'ready');

closeOnSignal(async () => {
  await app.close();
  await questions.close();
  await store.close();
  await nats.drain();
}, logger);
