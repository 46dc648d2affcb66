import { forkPeer, messageOf, startHandlers, terminate } from '../processes.ts';
import { batches, ITEM_COUNT, type Run, WORKERS } from './workload.ts';

/** The same POSTs from as many processes, with nothing around them: what the machine can do. */
export async function runBare(): Promise<Run> {
  const handlers = await startHandlers(WORKERS, ITEM_COUNT);
  const workers = handlers.ports.map(() => forkPeer('bare-worker.mjs'));
  const payloads = batches.map((batch) => JSON.stringify(batch));
  await Promise.all(
    workers.map((worker, ordinal) => {
      const share = payloads.filter((_, index) => index % WORKERS === ordinal);
      worker.send({ type: 'prepare', port: handlers.ports[ordinal], payloads: share });
      return messageOf(worker);
    }),
  );

  const startedAt = performance.now();
  const done = workers.map((worker) => messageOf(worker));
  for (const worker of workers) worker.send({ type: 'go' });
  await Promise.all(done);
  const seconds = (performance.now() - startedAt) / 1000;

  await Promise.all(workers.map((worker) => terminate(worker)));
  return { seconds, ...(await handlers.stop()) };
}
