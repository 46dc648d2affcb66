import { join } from 'node:path';
import { pause } from '#libs/platform/pause.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';
import { printTable, writeResult } from '../report.ts';
import { quantile } from '../statistics.ts';

const DEATHS = 200;
const JOBS_AT_A_TIME = 8;
/** Two workers of which each may be replaced five times. */
const DEATHS_PER_JOB = 8;
const LEASE_MS = 10_000;
const LIMIT_MS = LEASE_MS + 1000;
/** Spreads what it is multiplied with evenly over the part of the lease between two renewals. */
const GOLDEN_RATIO = 0.618_034;

/**
 * How long after a worker is killed its batch is in the hands of another: a call of the handler for
 * ever, killed at some moment between two renewals of its lease.
 */
export async function benchRedelivery(deaths: number | null): Promise<void> {
  const deathCount = deaths ?? DEATHS;
  console.log(`${deathCount} workers killed, ${JOBS_AT_A_TIME} jobs of two workers at a time\n`);
  const platform = await startPlatform({
    env: {
      LOG_LEVEL: 'warn',
      LEASE_MS: String(LEASE_MS),
      LOCAL_WORKERS_MAX: String(2 * JOBS_AT_A_TIME),
    },
  });
  const delaysMs: number[] = [];
  let jobCount = 0;
  const kill = async (): Promise<void> => {
    while (delaysMs.length < deathCount) {
      const job = await HeldJob.start(platform, `redelivery-${++jobCount}`);
      for (let count = 0; count < DEATHS_PER_JOB && delaysMs.length < deathCount; count++) {
        await pause(((delaysMs.length * GOLDEN_RATIO) % 1) * (LEASE_MS / 3));
        delaysMs.push(await job.killHolder());
        if (delaysMs.length % 20 === 0) console.log(`death ${delaysMs.length} of ${deathCount}`);
      }
      await job.finish();
    }
  };
  try {
    await Promise.all(Array.from({ length: JOBS_AT_A_TIME }, kill));
  } finally {
    await platform.stop();
  }
  const p50Ms = quantile(delaysMs, 0.5);
  const p99Ms = quantile(delaysMs, 0.99);
  const maxMs = Math.max(...delaysMs);
  printTable([
    ["death to another's hands", 'p50', 'p99', 'max', 'wanted'],
    ['', `${p50Ms} ms`, `${p99Ms} ms`, `${maxMs} ms`, `p99 < ${LIMIT_MS} ms`],
  ]);
  const result = { deaths: delaysMs.length, leaseMs: LEASE_MS, p50Ms, p99Ms, maxMs };
  writeResult('redelivery', { bench: 'redelivery', ...result });
  if (p99Ms >= LIMIT_MS) process.exitCode = 1;
}

/** A job of one batch that no handler gives an answer to. */
class HeldJob {
  private callCount = 1;

  private constructor(
    private readonly platform: TestPlatform,
    private readonly recording: Recording,
    private readonly job: { readonly api: string; readonly jobId: string },
  ) {}

  static async start(platform: TestPlatform, api: string): Promise<HeldJob> {
    const recording = new Recording(join(platform.dataDir, `records-${api}`));
    recording.hold('hold-batches');
    await platform.deploy(recording.api(api));
    const { job_id: jobId } = await platform.submit(api, {
      workers: 2,
      item_list: { items: [1], batch_size: 1 },
    });
    const job = { api, jobId };
    await platform.waitForJob(job, ({ worker_counts: counts }) => counts?.['running'] === 2);
    await until('the first call', () => recording.batchCalls.length === 1);
    return new HeldJob(platform, recording, job);
  }

  /** @returns milliseconds from the death of the worker with the batch to the next call */
  async killHolder(): Promise<number> {
    const holder = await until('one holder', () => {
      const handlers = this.recording.liveHandlers;
      return handlers.length === 1 && (handlers[0] ?? false);
    });
    const killedAtMs = Date.now();
    process.kill(holder.workerPid, 'SIGKILL');
    this.callCount += 1;
    const calls = await until(
      'the next call',
      () => {
        const { batchCalls } = this.recording;
        return batchCalls.length === this.callCount && batchCalls;
      },
      6 * LEASE_MS,
    );
    return Math.max(...calls.map(({ at }) => at)) - killedAtMs;
  }

  async finish(): Promise<void> {
    this.recording.letGo('hold-batches');
    const { status } = await this.platform.waitForJob(this.job);
    if (status !== 'succeeded') throw new Error(`job ${this.job.jobId} ended ${status}`);
  }
}
