import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

/*
 * A handler in any language is a command that serves HTTP on $CORTEX_PORT: `POST /` for a batch,
 * `POST /on-job-complete` at the end. Status 200 says that it is done; anything else that it failed.
 */

const job = JSON.parse(readFileSync(process.env['CORTEX_JOB_SPEC'], 'utf8'));

async function handle(request) {
  if (request.url === '/on-job-complete') {
    console.log(`job ${job.job_id} is complete`);
    return;
  }
  const chunks = await Array.fromAsync(request);
  const names = JSON.parse(Buffer.concat(chunks).toString());
  const batch = request.headers['x-cortex-batch-id'];
  const attempt = request.headers['x-cortex-attempt'];
  for (const name of names) {
    console.log(`${process.env['GREETING']}, ${name}! (batch ${batch}, attempt ${attempt})`);
  }
}

const server = createServer((request, response) => {
  handle(request).then(
    () => response.end(),
    (error) => response.writeHead(500).end(String(error)),
  );
});

server.listen(Number(process.env['CORTEX_PORT']), '127.0.0.1');
