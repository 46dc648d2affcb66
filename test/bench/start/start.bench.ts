import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { printTable, writeResult } from '../report.ts';
import { summarize } from '../statistics.ts';

const root = join(import.meta.dirname, '../../..');
const RUNS = 5;

/** `npm start` on an installation that has been started before, until `/readyz` says 200. */
export async function benchStart(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cortex-bench-'));
  const ports = { PORT: String(await freePort()), NATS_PORT: String(await freePort()) };
  const seconds: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const startedAt = performance.now();
    const child = spawn('npm', ['start', '--silent'], {
      cwd: root,
      env: { ...process.env, ...ports, CORTEX_DATA_DIR: dataDir },
      stdio: 'ignore',
    });
    await until('/readyz', () => isReady(`http://127.0.0.1:${ports.PORT}/readyz`), 120_000);
    const lasted = (performance.now() - startedAt) / 1000;
    console.log(`${run === 0 ? 'first start' : `start ${run + 1}`}: ${lasted.toFixed(1)} s`);
    if (run > 0) seconds.push(lasted);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  await rm(dataDir, { recursive: true });
  const { median, min, max } = summarize(seconds);
  printTable([
    ['npm start to ready', 'median', 'range', 'wanted'],
    ['', `${median.toFixed(1)} s`, `${min.toFixed(1)} to ${max.toFixed(1)} s`, 'under 10 s'],
  ]);
  writeResult('start', { bench: 'start', seconds: { median, min, max } });
}

const isReady = async (url: string): Promise<boolean> =>
  (await fetch(url).catch(() => null))?.status === 200;
