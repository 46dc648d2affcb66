import 'reflect-metadata';
import { openArchivedLog } from '#libs/archive/archived-log.wiring.ts';
import { JetStreamLeaderLease } from '#libs/leader-lease/jetstream/jetstream-leader-lease.ts';
import { tellVitals } from '#libs/messaging/projector-vitals.ts';
import { NatsStatusFeed } from '#libs/messaging/status-feed.ts';
import { openArchiveStore } from '#libs/object-store/archive-store.wiring.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { createLogger } from '#libs/platform/logger.ts';
import { mapStacksWhenRead } from '#libs/platform/mapped-stacks.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { startMicroservice } from '#libs/platform/nest/start-microservice.ts';
import { closeOnSignal } from '#libs/platform/shutdown.ts';
import { JetStreamDocumentStore } from '#libs/projection/document-store/jetstream/jetstream-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewLag } from '#libs/projection/view-lag.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { announceStalled } from './announce-stalled/announce-stalled.ts';
import { keepSnapshots } from './keep-snapshots/keep-snapshots.ts';
import { PublishStatus } from './publish-status/publish-status.ts';
import { RebuildProjection } from './rebuild-projection/rebuild-projection.ts';
import { loadStatusProjectorConfig } from './status-projector.config.ts';
import { StatusProjectorModule } from './status-projector.module.ts';
import { Vitals } from './tell-vitals/vitals.ts';
import { writeCheckpoints } from './write-checkpoints/write-checkpoints.ts';

mapStacksWhenRead();
const config = loadStatusProjectorConfig(process.env);
const logger = createLogger('status-projector', config.logLevel);
const stopping = new AbortController();

const nats = await connectNats(config.natsUrl, { name: 'status-projector', logger });
const archives = openArchiveStore(config.aws);
const store = await openArchivedLog(nats, { ...config, archives }, logger);
const blobs = await JetStreamBlobStore.open(nats);
const snapshots = new ViewSnapshots(blobs, logger);
const documents = await JetStreamDocumentStore.open(nats);
const follower = await ViewFollower.open({
  store,
  snapshots,
  documents,
  logger,
  isWriter: true,
});

// All before anything runs: whoever folds the log answers nothing else for a while.
const openLease = (name: string): Promise<JetStreamLeaderLease> =>
  JetStreamLeaderLease.open(nats, { name, ttlMs: config.leaderTtlMs, logger });
const leases = {
  feed: await openLease('status-feed'),
  checkpoints: await openLease('checkpoints'),
  rebuild: await openLease('projection-rebuild'),
};

const { stalledAfterMs } = config;
const stalledRule = () => ({ nowMs: systemClock().getTime(), stalledAfterMs });

const publisher = new PublishStatus({
  store,
  followed: follower,
  feed: new NatsStatusFeed(nats),
  lease: leases.feed,
  clock: systemClock,
  stalledRule,
  logger,
});
follower.onJobsChanged((jobs) => publisher.changed(jobs));

const following = follower.run(stopping.signal);
const saving = keepSnapshots(
  follower,
  snapshots,
  { intervalMs: config.snapshotIntervalMs, logger },
  stopping.signal,
);
const lag = new ViewLag(follower, store, systemClock);
const vitals = new Vitals(follower, lag, config.readyLagMsMax);
const measuring = lag.run(stopping.signal);
tellVitals(nats, () => vitals.read());
const announcing = config.isReadOnly
  ? Promise.resolve()
  : announceStalled(
      follower,
      { store, clock: systemClock, logger, stalledAfterMs },
      stopping.signal,
    );
const publishing = publisher.run(stopping.signal);
const sealing = config.isReadOnly
  ? Promise.resolve()
  : writeCheckpoints(
      {
        store,
        lease: leases.checkpoints,
        rule: config.checkpoints,
        clock: systemClock,
        logger,
      },
      stopping.signal,
      () => follower.caughtUp(),
    );
const rebuild = new RebuildProjection({
  store,
  snapshots,
  documents,
  followed: follower,
  lease: leases.rebuild,
  clock: systemClock,
  logger,
});
const rebuilding = rebuild.run(stopping.signal);
Promise.all([following, publishing, sealing]).catch((error: unknown) => {
  logger.error({ err: error }, 'cannot follow the log any more');
  process.exit(1); // Whoever supervises us starts us again, from the snapshot.
});

const module = StatusProjectorModule.with({
  followed: follower,
  rebuild,
  stalledRule,
  store,
  snapshots,
  documents,
  logger,
  vitals,
});
const app = await startMicroservice(module, {
  natsUrl: config.natsUrl,
  service: 'status-projector',
  logger,
});

closeOnSignal(async () => {
  await app.close();
  stopping.abort();
  await Promise.all([following, saving, announcing, publishing, measuring, sealing, rebuilding]);
  await follower.ended.settled();
  documents.close();
  await store.close();
  await nats.drain();
}, logger);
