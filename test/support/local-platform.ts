import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { JetStreamBatchQueue } from '#libs/batch-queue/jetstream/jetstream-batch-queue.ts';
import type { WorkerReport, Workload } from '#libs/compute/compute.port.ts';
import {
  LocalProcessCompute,
  type LocalProcessComputeOptions,
} from '#libs/compute/local-process/local-process-compute.ts';
import { workerProgramIn } from '#libs/compute/local-process/worker-program.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { haltJob } from '#libs/messaging/job-halts.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { anApiSpec } from './api.builders.ts';
import { COMPILE_CACHE } from './compile-cache.ts';
import { TestNatsServer } from './nats-server.ts';
import { processesWith } from './process-scan.ts';
import { aPod, aWorkload } from './workload.builders.ts';
import { NO_DEAD_LETTERS } from './queue.builders.ts';

export const HANDLERS = join(import.meta.dirname, '../fixtures/handlers');
/** Short, so that tests of lost workers end soon; long enough for a busy machine. */
const LEASE_MS = 1500;

/** One call that the handler `serve.mjs` noted. */
export interface NotedCall {
  readonly pid: number;
  readonly url: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answered?: string;
}

interface Parts {
  readonly nats: TestNatsServer;
  readonly connection: NatsConnection;
  readonly store: JetStreamEventStore;
  readonly queue: JetStreamBatchQueue;
  readonly compute: LocalProcessCompute;
  readonly successor: LocalProcessCompute;
  /** Also what this platform's handlers are known by among the processes of the machine. */
  readonly dataDir: string;
}

interface LocalPlatformOptions extends Partial<LocalProcessComputeOptions> {
  /** Settings of the worker processes. */
  readonly workerEnv?: Readonly<Record<string, string>>;
}

/** Real worker processes on a real NATS server, without the services that give them jobs. */
export class LocalPlatform {
  readonly reports: WorkerReport[] = [];
  readonly callsFile: string;
  private jobCount = 0;

  private constructor(private readonly parts: Parts) {
    this.callsFile = join(parts.dataDir, 'calls.ndjson');
    parts.compute.onReport((report) => this.reports.push(report));
  }

  static async start({
    workerEnv = {},
    ...changes
  }: LocalPlatformOptions = {}): Promise<LocalPlatform> {
    const nats = await TestNatsServer.start();
    const connection = await connectNats(nats.url, { name: 'test', logger: silentLogger });
    const store = await JetStreamEventStore.open(connection, { logger: silentLogger });
    const queue = await JetStreamBatchQueue.open(connection, {
      leaseMs: LEASE_MS,
      logger: silentLogger,
    });
    const dataDir = await mkdtemp(join(tmpdir(), 'cortex-local-'));
    const { command, runners } = workerProgramIn(new URL('../../services/', import.meta.url));
    const env = {
      NATS_URL: nats.url,
      LEASE_MS: String(LEASE_MS),
      LOG_LEVEL: 'silent',
      ...COMPILE_CACHE,
      ...workerEnv,
    };
    const options = {
      dataDir,
      workersMax: 4,
      warmWorkers: 0,
      worker: { command, env: { ...inherited(), ...env } },
      runners,
      handlerEnv: inherited(),
      workingFolder: HANDLERS,
      blobs: { put: nothing, delete: nothing, get: () => Promise.resolve(null) },
      clock: systemClock,
      retention: { ageMsMax: 86_400_000, logBytesMax: 1024 ** 3 },
      haltEverywhere: (id: JobId) => haltJob(connection, id),
      ...changes,
    };
    const compute = new LocalProcessCompute(options);
    const successor = new LocalProcessCompute(options);
    return new LocalPlatform({ nats, connection, store, queue, compute, successor, dataDir });
  }

  get nats(): TestNatsServer {
    return this.parts.nats;
  }

  get store(): JetStreamEventStore {
    return this.parts.store;
  }

  get queue(): JetStreamBatchQueue {
    return this.parts.queue;
  }

  get compute(): LocalProcessCompute {
    return this.parts.compute;
  }

  /** What another scheduler has, that leads when the first one is paused. */
  get successor(): LocalProcessCompute {
    return this.parts.successor;
  }

  get dataDir(): string {
    return this.parts.dataDir;
  }

  /** A job whose handler is `serve.mjs`. */
  workload(changes: Partial<Workload> = {}, env: Readonly<Record<string, string>> = {}): Workload {
    const id = jobId((++this.jobCount).toString(16).padStart(16, '0'));
    return aWorkload({
      jobId: id,
      spec: anApiSpec({
        handler: null,
        pod: aPod({ env: { CALLS_FILE: this.callsFile, ...env } }),
      }),
      jobSpecJson: JSON.stringify({ job_id: id }),
      ...changes,
    });
  }

  /** Kills the worker process of the one job there is. */
  killWorker(): void {
    const worker = processesWith(this.nats.url).find(({ commandLine }) =>
      commandLine.includes('worker/main'),
    );
    if (worker === undefined) throw new Error('there is no worker process');
    process.kill(worker.pid, 'SIGKILL');
  }

  /** Queues one batch per payload; a payload is JSON text. */
  async enqueue(workload: Workload, payloads: readonly string[]): Promise<void> {
    await this.queue.create(workload, NO_DEAD_LETTERS);
    const batches = payloads.map((payload, index) => ({ index, payload: Buffer.from(payload) }));
    await this.queue.send(workload, batches);
  }

  async batchEvents({ apiName: api, jobId: job }: Workload): Promise<BatchEvent[]> {
    const events: BatchEvent[] = [];
    for await (const entry of this.store.history(api, job)) {
      if (entry.kind === 'event') events.push(entry.logged.event as BatchEvent);
    }
    return events;
  }

  /** What the handler noted so far, oldest first. */
  calls(): NotedCall[] {
    if (!existsSync(this.callsFile)) return [];
    const lines = readFileSync(this.callsFile, 'utf8').split('\n');
    lines.pop(); // What follows the last line's end: nothing, or a line that is being written.
    return lines.map((line) => JSON.parse(line) as NotedCall);
  }

  states(workload: Workload): string[] {
    return this.reports
      .filter((report) => report.jobId === workload.jobId)
      .map(({ workerId, restart, state }) => `${workerId}.${restart} ${state}`);
  }

  async stop(): Promise<void> {
    await this.compute.close();
    await this.parts.connection.close();
    await this.nats.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

const nothing = (): Promise<void> => Promise.resolve();

const inherited = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])),
  );
