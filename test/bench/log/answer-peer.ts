import { jobId } from '#libs/domain/kernel/ids.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { JetStreamDocumentStore } from '#libs/projection/document-store/jetstream/jetstream-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { getJob } from '../../../services/status-projector/get-job/get-job.ts';

/** Answers as the projector does, without the question's way over NATS, and tells how long each took. */
interface Task {
  readonly jobId: string;
  readonly warmUpCount: number;
  readonly count: number;
}

const logger = silentLogger;
const nats = await connectNats(process.env['NATS_URL'] ?? '', { name: 'bench-answers', logger });
const store = await JetStreamEventStore.open(nats, { logger });
const snapshots = new ViewSnapshots(new InMemoryBlobStore(), logger);
const follower = await ViewFollower.open({
  store,
  snapshots,
  documents: await JetStreamDocumentStore.open(nats),
  logger,
  isWriter: true,
});
void follower.run(new AbortController().signal);
await follower.caughtUp();

async function answer(task: Task): Promise<void> {
  const rule = { nowMs: Date.now(), stalledAfterMs: 600_000 };
  const times: number[] = [];
  for (let asked = -task.warmUpCount; asked < task.count; asked++) {
    const startedAt = performance.now();
    await follower.caughtUp();
    const { found } = getJob(follower.view, await follower.job(jobId(task.jobId)), rule);
    if (found === null) throw new Error(`job ${task.jobId} is not known`);
    if (asked >= 0) times.push(performance.now() - startedAt);
  }
  process.send?.(times);
}

process.on('message', (task: Task) => void answer(task));
process.on('disconnect', () => process.exit());
process.send?.('ready');
