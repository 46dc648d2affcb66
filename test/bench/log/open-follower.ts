import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { JetStreamDocumentStore } from '#libs/projection/document-store/jetstream/jetstream-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';

const logger = silentLogger;

/** The projector's follower of the log at `NATS_URL`, from its first event, for a process of a benchmark. */
export async function openFollower(name: string): Promise<ViewFollower> {
  const nats = await connectNats(process.env['NATS_URL'] ?? '', { name, logger });
  return ViewFollower.open({
    store: await JetStreamEventStore.open(nats, { logger }),
    snapshots: new ViewSnapshots(new InMemoryBlobStore(), logger),
    documents: await JetStreamDocumentStore.open(nats),
    logger,
    isWriter: true,
  });
}
