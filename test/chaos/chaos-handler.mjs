/**
 * A handler as cheap as one can be that still tells the truth: a line for each call, written before
 * the call is answered, into `$RECORD_DIR/<job>.<pid>`. An item is its number, or `"<number>:<what to do>"`.
 */
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const { RECORD_DIR, CORTEX_JOB_SPEC, CORTEX_PORT } = process.env;
const { job_id: jobId } = JSON.parse(readFileSync(CORTEX_JOB_SPEC, 'utf8'));
const records = openSync(join(RECORD_DIR, `${jobId}.${process.pid}`), 'a');
const write = (...facts) => writeSync(records, `${facts.join(' ')}\n`);

/** Whether this is the first process of the job to come here. */
function isFirst(what) {
  try {
    writeFileSync(join(RECORD_DIR, `once-${jobId}-${what}`), '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function handle({ headers }, response, body) {
  const startedAtMs = Date.now();
  const items = JSON.parse(body);
  const batch = headers['x-cortex-batch-id'];
  const [, mark] = String(items[0]).split(':');
  write('batch', batch, startedAtMs, items.map((item) => parseInt(item, 10)).join(','));
  switch (mark) {
    case 'hold': // For ever: only its job's end ends this call.
      return;
    case 'fail':
      response.statusCode = 500;
      break;
    case 'fail-once':
      response.statusCode = isFirst(batch) ? 500 : 200;
      break;
    case 'exit-once':
      if (isFirst(batch)) process.exit(3);
      break;
    case 'exit':
      process.exit(3);
      break;
    case 'kill-worker':
      process.kill(process.ppid, 'SIGKILL');
      process.kill(process.pid, 'SIGKILL');
  }
  response.end();
}

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => (body += piece));
  request.on('end', () => {
    if (request.url !== '/on-job-complete') return handle(request, response, body);
    write('hook', headersOf(request), Date.now(), body);
    response.end();
  });
});
const headersOf = ({ headers }) => headers['x-cortex-hook-id'] ?? '-';
server.keepAliveTimeout = 600_000;
server.listen(Number(CORTEX_PORT), '127.0.0.1');
