/**
 * The bare limit: POSTs its share of the batches to its handler, one at a time, with no queue and
 * no events. Waits for `{ port, payloads }`, then for `go`.
 */
import { Pool } from 'undici';

let pool;
let payloads = [];

process.on('message', (message) => void obey(message));

async function obey(message) {
  if (message.type === 'prepare') {
    pool = new Pool(`http://127.0.0.1:${message.port}`, { connections: 1 });
    payloads = message.payloads;
    process.send({ type: 'ready' });
    return;
  }
  for (const body of payloads) {
    const response = await pool.request({
      path: '/',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await response.body.dump();
    if (response.statusCode !== 200) throw new Error(`handler answered ${response.statusCode}`);
  }
  process.send({ type: 'done' });
}
