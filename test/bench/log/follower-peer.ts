import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { JetStreamDocumentStore } from '#libs/projection/document-store/jetstream/jetstream-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';

/** The projector's way through the log, from its first event to its last, in a process of its own. */
const logger = silentLogger;
const nats = await connectNats(process.env['NATS_URL'] ?? '', { name: 'bench-follower', logger });
const store = await JetStreamEventStore.open(nats, { logger });
const snapshots = new ViewSnapshots(new InMemoryBlobStore(), logger);
const follower = await ViewFollower.open({
  store,
  snapshots,
  documents: await JetStreamDocumentStore.open(nats),
  logger,
  isWriter: true,
});
const stopping = new AbortController();

process.once('message', () => void rebuild());
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function rebuild(): Promise<void> {
  const startedAt = performance.now();
  void follower.run(stopping.signal);
  await follower.caughtUp();
  const seconds = (performance.now() - startedAt) / 1000;
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send?.({ seconds, eventCount: follower.position - follower.parked.length, peakMb });
}
