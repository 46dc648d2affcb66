import { Queue } from 'bullmq';
import { forkPeer, messageOf, startHandlers, startRedis, terminate } from '../processes.ts';
import { BATCH_COUNT, batches, ITEM_COUNT, type Run, WORKERS } from './workload.ts';

const QUEUE_NAME = 'bench';
const POLL_MS = 5;

/**
 * BullMQ on Redis: from `addBulk` until the last batch is completed. Its workers and handlers are
 * up before the clock starts; ours are started by the job and inside the measured time.
 */
export async function runBullMq(): Promise<Run> {
  const redis = await startRedis();
  const handlers = await startHandlers(WORKERS, ITEM_COUNT);
  const workers = handlers.ports.map(() => forkPeer('bullmq-worker.mjs'));
  await Promise.all(
    workers.map((worker, ordinal) => {
      const handlerPort = handlers.ports[ordinal];
      worker.send({ handlerPort, redisPort: redis.port, queueName: QUEUE_NAME });
      return messageOf(worker);
    }),
  );
  const queue = new Queue(QUEUE_NAME, { connection: { host: '127.0.0.1', port: redis.port } });
  await queue.waitUntilReady();

  const startedAt = performance.now();
  for (let first = 0; first < BATCH_COUNT; first += 1000) {
    const chunk = batches.slice(first, first + 1000);
    await queue.addBulk(chunk.map((data) => ({ name: 'batch', data })));
  }
  while ((await queue.getCompletedCount()) < BATCH_COUNT) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const seconds = (performance.now() - startedAt) / 1000;

  await queue.close();
  await Promise.all(workers.map((worker) => terminate(worker)));
  const delivery = await handlers.stop();
  await redis.stop();
  return { seconds, ...delivery };
}
