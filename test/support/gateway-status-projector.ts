import { NestFactory } from '@nestjs/core';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { healthPattern } from '#libs/messaging/queries.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { NestLogger } from '#libs/platform/nest/nest-logger.ts';
import { natsTransport } from '#libs/platform/nest/nats-transport.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewLag } from '#libs/projection/view-lag.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { until } from './until.ts';
import { tenMinutesRule } from './view.builders.ts';
import { Vitals } from '../../services/status-projector/tell-vitals/vitals.ts';
import { RebuildProjection } from '../../services/status-projector/rebuild-projection/rebuild-projection.ts';
import { StatusProjectorModule } from '../../services/status-projector/status-projector.module.ts';

const ANSWER_MS_MAX = 1000;

/**
 * Answers status queries over NATS from what `store` holds, as the service's own process does.
 *
 * @returns ends it
 */
export async function startStatusProjector(
  store: EventStore,
  natsUrl: string,
): Promise<() => Promise<void>> {
  const logger = silentLogger;
  const snapshots = new ViewSnapshots(new InMemoryBlobStore(), logger);
  const documents = new InMemoryDocumentStore();
  const follower = await ViewFollower.open({
    store,
    snapshots,
    documents,
    logger,
    isWriter: true,
  });
  const stopping = new AbortController();
  const following = follower.run(stopping.signal);
  const module = StatusProjectorModule.with({
    followed: follower,
    rebuild: new RebuildProjection({
      store,
      snapshots,
      documents,
      followed: follower,
      lease: new InMemoryLeaderLease(),
      clock: systemClock,
      logger,
    }),
    stalledRule: tenMinutesRule,
    store,
    snapshots,
    documents,
    logger,
    vitals: new Vitals(follower, new ViewLag(follower, store, systemClock), 5000),
  });
  const app = await NestFactory.createMicroservice(module, {
    ...natsTransport(natsUrl, 'status-projector'),
    logger: new NestLogger(logger),
  });
  await app.listen();
  await untilItAnswers(natsUrl);
  return async () => {
    await app.close();
    stopping.abort();
    await following;
  };
}

/** It listens as soon as it has asked the server for questions, which may not know of that yet. */
async function untilItAnswers(natsUrl: string): Promise<void> {
  const client = new NatsRequestClient(natsUrl);
  await until('the projector', () =>
    client.ask(healthPattern('status-projector'), {}, ANSWER_MS_MAX).then(
      () => true,
      () => false,
    ),
  );
  await client.close();
}
