import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { JetStreamBatchQueue } from '#libs/batch-queue/jetstream/jetstream-batch-queue.ts';
import type { WorkerReport, Workload } from '#libs/compute/compute.port.ts';
import { Cluster } from '#libs/compute/kubernetes/cluster.ts';
import {
  KubernetesCompute,
  type KubernetesComputeOptions,
} from '#libs/compute/kubernetes/kubernetes-compute.ts';
import { podCommandsIn } from '#libs/compute/kubernetes/pod-commands.ts';
import { workerProgramIn } from '#libs/compute/local-process/worker-program.ts';
import { type JobId, jobId, type WorkerId } from '#libs/domain/kernel/ids.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { WorkerLine } from '#libs/messaging/worker-line.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { anApiSpec } from './api.builders.ts';
import { COMPILE_CACHE } from './compile-cache.ts';
import {
  startTestCluster,
  type TestCluster,
  type TestClusterOptions,
} from './kubernetes/test-cluster.ts';
import { HANDLERS } from './local-platform.ts';
import { TestNatsServer } from './nats-server.ts';
import { NO_DEAD_LETTERS } from './queue.builders.ts';
import { aPod, aWorkload } from './workload.builders.ts';

export const WORKER_IMAGE = 'cortex-batch:test';
/** An image whose working folder has the handlers for tests. */
export const HANDLER_IMAGE = 'handlers:test';
const LEASE_MS = 1500;
const root = join(import.meta.dirname, '../..');

interface Parts {
  readonly nats: TestNatsServer;
  readonly connection: NatsConnection;
  readonly cluster: TestCluster;
  readonly queue: JetStreamBatchQueue;
  readonly store: JetStreamEventStore;
  readonly options: KubernetesComputeOptions;
}

/** Real workers in the pods of a test's cluster, on a real NATS server. */
export class KubePlatform {
  readonly reports: WorkerReport[] = [];
  compute: KubernetesCompute;
  private jobCount = 0;

  private constructor(private readonly parts: Parts) {
    this.compute = new KubernetesCompute(parts.options);
    this.compute.onReport((report) => this.reports.push(report));
  }

  static async start({
    podsMax = 4,
    startCluster = startTestCluster,
  }: {
    readonly podsMax?: number;
    readonly startCluster?: (options: TestClusterOptions) => Promise<TestCluster>;
  } = {}): Promise<KubePlatform> {
    const nats = await TestNatsServer.start();
    const connection = await connectNats(nats.url, { name: 'test', logger: silentLogger });
    const store = await JetStreamEventStore.open(connection, { logger: silentLogger });
    const queue = await JetStreamBatchQueue.open(connection, {
      leaseMs: LEASE_MS,
      logger: silentLogger,
    });
    const blobs = await JetStreamBlobStore.open(connection);
    const env = { PATH: process.env['PATH'] ?? '', ...COMPILE_CACHE };
    const cluster = await startCluster({
      podsMax,
      images: { [WORKER_IMAGE]: { cwd: root, env }, [HANDLER_IMAGE]: { cwd: HANDLERS, env } },
    });
    const installation = 'test';
    const options = {
      cluster: new Cluster({ config: cluster.config, namespace: cluster.namespace, installation }),
      line: new WorkerLine(connection),
      blobs,
      clock: systemClock,
      logger: silentLogger,
      resyncMs: 300_000,
      pods: {
        installation,
        image: WORKER_IMAGE,
        cpuRequest: '100m',
        memRequest: '150Mi',
        memLimit: null,
        serviceAccount: 'default',
        env: { NATS_URL: nats.url, LEASE_MS: String(LEASE_MS), LOG_LEVEL: 'error' },
        commands: podCommandsIn(
          new URL('../../services/', import.meta.url),
          workerProgramIn(new URL('../../services/', import.meta.url)),
        ),
      },
    };
    return new KubePlatform({ nats, connection, cluster, queue, store, options });
  }

  get cluster(): TestCluster {
    return this.parts.cluster;
  }

  get queue(): JetStreamBatchQueue {
    return this.parts.queue;
  }

  get options(): KubernetesComputeOptions {
    return this.parts.options;
  }

  /** A scheduler dies and another takes over. */
  async takeOver(): Promise<void> {
    await this.compute.close();
    this.compute = new KubernetesCompute(this.parts.options);
    this.compute.onReport((report) => this.reports.push(report));
  }

  /** A job whose handler is `serve.mjs`. */
  workload(changes: Partial<Workload> = {}, env: Readonly<Record<string, string>> = {}): Workload {
    const id = jobId((++this.jobCount).toString(16).padStart(16, '0'));
    const callsFile = join(this.cluster.kubelet.folder, 'calls.ndjson');
    return aWorkload({
      jobId: id,
      spec: anApiSpec({
        handler: null,
        pod: aPod({ image: HANDLER_IMAGE, env: { CALLS_FILE: callsFile, ...env } }),
      }),
      jobSpecJson: JSON.stringify({ job_id: id }),
      ...changes,
    });
  }

  killWorker(job: JobId, worker: WorkerId): void {
    const [podName = ''] = this.cluster.kubelet.podsOf(job, worker);
    this.cluster.kubelet.kill(podName, 'cortex-worker');
  }

  async enqueue(workload: Workload, payloads: readonly string[]): Promise<void> {
    await this.queue.create(workload, NO_DEAD_LETTERS);
    const batches = payloads.map((payload, index) => ({ index, payload: Buffer.from(payload) }));
    await this.queue.send(workload, batches);
  }

  async eventTypes({ apiName, jobId: job }: Workload): Promise<string[]> {
    const types: string[] = [];
    for await (const entry of this.parts.store.history(apiName, job)) {
      if (entry.kind === 'event') types.push(entry.logged.event.type);
    }
    return types;
  }

  states({ jobId: job }: Workload): string[] {
    return this.reports
      .filter((report) => report.jobId === job)
      .map(({ workerId, restart, state }) => `${workerId}.${restart} ${state}`);
  }

  /**
   * Stops every job, as their end does, and everything.
   *
   * @throws Error when anything is left in the cluster
   */
  async stop(): Promise<void> {
    for (const job of await this.compute.list()) await this.compute.stop(job, 0);
    await this.compute.close();
    const left = await this.cluster.leftovers();
    await this.cluster.stop();
    await this.parts.connection.close();
    await this.parts.nats.stop();
    if (left.length > 0) throw new Error(`left in the cluster: ${left.join()}`);
  }
}
