import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { HandlerConnection } from '../../services/worker/handler-connection.ts';
import { HANDLER } from './chaos-platform.ts';
import { readRecords } from './handler-records.ts';

const JOB = '00000000000000aa';
const HEAD = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Cortex-Batch-ID: ${JOB}-0\r\n`;

describe('the handler of a chaos run', () => {
  it('writes down when a call was made, however late it comes to read it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cortex-chaos-handler-'));
    const jobSpec = join(folder, 'job.json');
    writeFileSync(jobSpec, `{"job_id":"${JOB}"}`);
    const port = await freePort();
    const handler = spawn('python3', ['-I', '-S', HANDLER], {
      env: {
        ...process.env,
        RECORD_DIR: folder,
        CORTEX_JOB_SPEC: jobSpec,
        CORTEX_PORT: String(port),
      },
    });
    const connection = new HandlerConnection(port);
    try {
      await until('it to listen', () => isListening(port));
      handler.kill('SIGSTOP');
      const madeAfterMs = Date.now();
      const call = connection.send(HEAD, Buffer.from('[0,1]'));
      // The kernel has it, also where nobody reads: a second connection is opened behind it.
      await until('the call to be on its way', () => isListening(port));
      const madeBeforeMs = Date.now();
      await until('the clock to go on', () => Date.now() > madeBeforeMs + 10);
      handler.kill('SIGCONT');

      expect(await call).toMatchObject({ status: 200 });

      const { lastCallAtMs, itemsByBatch } = readRecords(folder).get(JOB) ?? {};
      expect(itemsByBatch).toEqual(new Map([[0, [[0, 1]]]]));
      expect(lastCallAtMs).toBeGreaterThanOrEqual(madeAfterMs);
      expect(lastCallAtMs).toBeLessThanOrEqual(madeBeforeMs);
    } finally {
      connection.destroy();
      handler.kill('SIGKILL');
      await once(handler, 'exit');
      rmSync(folder, { recursive: true });
    }
  });
});

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}
