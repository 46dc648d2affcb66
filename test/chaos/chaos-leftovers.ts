import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { DEAD_LETTER_STREAM, QUEUE_STREAM } from '#libs/batch-queue/jetstream/queue-names.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { until } from '#test/support/until.ts';
import type { ChaosPlatform } from './chaos-platform.ts';

const RELEASE_MS_MAX = 30_000;
const KNOWN_STREAMS: ReadonlySet<string> = new Set([
  'CORTEX_EVENTS',
  QUEUE_STREAM,
  DEAD_LETTER_STREAM,
]);

/** What there is to look at. */
interface Places {
  readonly platform: ChaosPlatform;
  readonly view: PlatformView;
  readonly manager: JetStreamManager;
  readonly blobs: Pick<BlobStore, 'get'>;
}

/** What is left of jobs that have ended, a line each: queues go and workers leave a moment later. */
export async function leftoversOf(
  platform: ChaosPlatform,
  view: PlatformView,
): Promise<readonly string[]> {
  const nats = await connectNats(platform.natsUrl, { name: 'chaos', logger: silentLogger });
  try {
    const manager = await jetstreamManager(nats);
    const blobs = await JetStreamBlobStore.open(nats);
    return await untilNothing(() => leftNow({ platform, view, manager, blobs }));
  } finally {
    await nats.close();
  }
}

/** A look that fails has not seen that nothing is left. */
export async function untilNothing(
  look: () => Promise<readonly string[]>,
  msMax = RELEASE_MS_MAX,
): Promise<readonly string[]> {
  let last: readonly string[] = [];
  const isNothingLeft = async (): Promise<boolean> => {
    last = await look().catch((error: unknown) => [`cannot look for leftovers: ${inspect(error)}`]);
    return last.length === 0;
  };
  await until('leftovers to go', isNothingLeft, msMax).catch(() => {}); // What is left says so.
  return last;
}

async function leftNow(places: Places): Promise<readonly string[]> {
  const { platform } = places;
  const handlers = await platform.handlers();
  const folders = await readdir(join(platform.dataDir, 'jobs'));
  return [
    ...(await queuesLeft(places)),
    ...handlers.map(({ jobId, pid }) => `handler ${pid} of job ${jobId} left`),
    ...folders.map((jobId) => `files of job ${jobId} left`),
    ...(await itemsLeft(places)),
  ];
}

async function queuesLeft({ manager }: Places): Promise<readonly string[]> {
  const { state } = await manager.streams.info(QUEUE_STREAM);
  const streams = await manager.streams.list().next();
  return [
    ...(state.consumer_count === 0 ? [] : [`${state.consumer_count} queues left`]),
    ...(state.messages === 0 ? [] : [`${state.messages} batches left on queues`]),
    ...streams
      .map(({ config }) => config.name)
      .filter((name) => name.startsWith('CORTEX_') && !KNOWN_STREAMS.has(name))
      .map((name) => `unknown stream ${name}`),
  ];
}

/** Items of a submission that a killed gateway did not get to record are nobody's, and stay. */
async function itemsLeft({ view, blobs }: Places): Promise<readonly string[]> {
  const keys = [...view.jobs.values()].flatMap(({ submitted: { source } }) =>
    source.kind === 'item_list' ? [source.itemsKey] : [],
  );
  const found = await Promise.all(keys.map(async (key) => (await blobs.get(key)) !== null));
  return keys.filter((_, place) => found[place]).map((key) => `${key} left`);
}
