/**
 * A handler that does nothing but parse its batch and note which items it saw. Items are integers.
 * On SIGTERM it writes one byte per item, how often it saw it (at most 255), to `$BENCH_OUT/<pid>`.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const seen = new Uint8Array(Number(process.env.BENCH_ITEMS));

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url === '/') {
      for (const item of JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))) {
        if (seen[item] < 255) seen[item] += 1;
      }
    }
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.CORTEX_PORT), '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: address.port });
});

process.on('SIGTERM', () => {
  writeFileSync(join(process.env.BENCH_OUT, String(process.pid)), seen);
  process.exit(0);
});
