import { connect } from '@nats-io/transport-node';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextEvent } from '#test/support/log-reader.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { until } from '#test/support/until.ts';
import { type Delivery, NOOP_HANDLER, readDelivery } from './processes.ts';

export interface JobRun extends Delivery {
  readonly api: string;
  readonly jobId: string;
  /** From the POST to the first `GET` that says `succeeded`. */
  readonly seconds: number;
  /** When that `GET` was answered, in milliseconds since the epoch. */
  readonly seenSucceededAtMs: number;
}

export interface BenchJob {
  /** Items are the integers from 0. */
  readonly itemCount: number;
  readonly batchSizeItems: number;
  readonly workers: number;
  /** So often a batch may be handed out; without it there is no dead-letter queue. */
  readonly receiveCountMax?: number;
}

const DEAD_LETTER_ARN = 'arn:aws:sqs:us-east-1:000000000000:bench';

/** Our whole platform, every service a process, on loopback. */
export class CortexUnderTest {
  private runCount = 0;

  private constructor(readonly platform: TestPlatform) {}

  static async start(env: Readonly<Record<string, string>> = {}): Promise<CortexUnderTest> {
    return new CortexUnderTest(await startPlatform({ env: { LOG_LEVEL: 'warn', ...env } }));
  }

  /** Runs one job to its end and checks what its handlers saw. */
  async run(job: BenchJob): Promise<JobRun> {
    const api = `bench-${++this.runCount}`;
    const outDir = await mkdtemp(join(tmpdir(), 'cortex-bench-'));
    await this.platform.deploy({
      name: api,
      kind: 'BatchAPI',
      pod: {
        containers: [
          {
            name: 'noop',
            image: 'none',
            command: [process.execPath, NOOP_HANDLER],
            env: { BENCH_OUT: outDir, BENCH_ITEMS: String(job.itemCount) },
          },
        ],
      },
    });
    const items = Array.from({ length: job.itemCount }, (_, item) => item);
    const body = JSON.stringify({
      workers: job.workers,
      item_list: { items, batch_size: job.batchSizeItems },
      ...(job.receiveCountMax !== undefined && {
        sqs_dead_letter_queue: { arn: DEAD_LETTER_ARN, max_receive_count: job.receiveCountMax },
      }),
    });
    const nats = await connect({ servers: this.platform.natsUrl });
    const completed = nextEvent(nats, 'JobCompleted');
    await nats.flush();

    const startedAt = performance.now();
    const { job_id: jobId } = await this.platform.submit(api, body);
    await completed;
    const { status } = await this.platform.waitForJob({ api, jobId });
    const seconds = (performance.now() - startedAt) / 1000;
    const seenSucceededAtMs = Date.now();

    await nats.close();
    if (status !== 'succeeded') throw new Error(`job ${jobId} ended ${status}`);
    await until('the handlers to leave', () => this.platform.workerPids().length === 0);
    const delivery = await readDelivery(outDir, job.itemCount);
    await rm(outDir, { recursive: true });
    return { api, jobId, seconds, seenSucceededAtMs, ...delivery };
  }

  stop(): Promise<void> {
    return this.platform.stop();
  }
}
