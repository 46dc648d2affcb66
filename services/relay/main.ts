import 'reflect-metadata';
import { JetStreamRelayTarget } from '#libs/event-store/jetstream/jetstream-relay-target.ts';
import { KurrentDbRelaySource } from '#libs/event-store/kurrentdb/kurrentdb-relay-source.ts';
import { JetStreamLeaderLease } from '#libs/leader-lease/jetstream/jetstream-leader-lease.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { mapStacksWhenRead } from '#libs/platform/mapped-stacks.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { startMicroservice } from '#libs/platform/nest/start-microservice.ts';
import { closeOnSignal } from '#libs/platform/shutdown.ts';
import { RelayLog } from './relay-log/relay-log.ts';
import { loadRelayConfig } from './relay.config.ts';
import { RelayModule } from './relay.module.ts';

mapStacksWhenRead();
const config = loadRelayConfig(process.env);
const logger = createLogger('relay', config.logLevel);
const stopping = new AbortController();

const nats = await connectNats(config.natsUrl, { name: 'relay', logger });
const source = await KurrentDbRelaySource.open(config.kurrentDbUrl, { logger });
const target = await JetStreamRelayTarget.open(nats, { logger });
const lease = await JetStreamLeaderLease.open(nats, {
  name: 'relay',
  ttlMs: config.leaderTtlMs,
  logger,
});

const relay = new RelayLog({ source, target, lease, logger });
const relaying = relay.run(stopping.signal);
relaying.catch((error: unknown) => {
  logger.error({ err: error }, 'cannot relay any more');
  process.exit(1); // Whoever supervises us starts us again; until then a standby relays.
});

const app = await startMicroservice(RelayModule.with(relay), {
  natsUrl: config.natsUrl,
  service: 'relay',
  logger,
});

closeOnSignal(async () => {
  await app.close();
  stopping.abort();
  await relaying;
  target.close();
  await source.close();
  await nats.drain();
}, logger);
