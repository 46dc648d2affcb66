/** A BullMQ worker process, concurrency 1, that POSTs each batch to its handler. */
import { Worker } from 'bullmq';
import { Pool } from 'undici';

process.on('message', (message) => void start(message));

async function start({ handlerPort, redisPort, queueName }) {
  const pool = new Pool(`http://127.0.0.1:${handlerPort}`, { connections: 1 });
  const worker = new Worker(
    queueName,
    async (job) => {
      const response = await pool.request({
        path: '/',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(job.data),
      });
      await response.body.dump();
      if (response.statusCode !== 200) throw new Error(`handler answered ${response.statusCode}`);
    },
    { connection: { host: '127.0.0.1', port: redisPort }, concurrency: 1 },
  );
  await worker.waitUntilReady();
  process.send({ type: 'ready' });
}
