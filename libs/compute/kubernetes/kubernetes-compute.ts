import type { V1Job } from '@kubernetes/client-node';
import type { ApiName, JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerLine } from '#libs/messaging/worker-line.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import {
  type Compute,
  type HookResponse,
  type LogChunk,
  NoLiveWorker,
  type WorkerReport,
  type Workload,
} from '../compute.port.ts';
import { ClusterRefused, ClusterUnavailable } from './cluster-requests.ts';
import type { Cluster } from './cluster.ts';
import { configMapManifest, jobManifest } from './job-manifest.ts';
import { type JobHost, KubernetesJob } from './kubernetes-job.ts';
import { firstRestartOf, ownerOf } from './pod-facts.ts';
import type { PodSettings } from './pod-settings.ts';
import { Watching } from './watching.ts';
import { WorkerLogs } from './worker-logs.ts';

const LOG_CHUNK_BYTES_MAX = 256 * 1024;
/** The answers that say that a manifest is wrong or too large: the same one is never taken. */
const MANIFEST_REFUSALS: readonly number[] = [400, 413, 422];
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

export interface KubernetesComputeOptions {
  readonly cluster: Cluster;
  readonly line: WorkerLine;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pods: PodSettings;
  readonly resyncMs: number;
}

/**
 * Workers as pods of a Kubernetes cluster, a `batch/v1` Job for each job. Kubernetes replaces pods
 * that fail; from here they are watched, given orders over NATS, and cleared away.
 *
 * It holds nothing that matters: pods outlive this process, and whoever leads next adopts them.
 */
export class KubernetesCompute implements Compute {
  private readonly jobs = new Map<JobId, KubernetesJob>();
  private readonly starts = new Map<JobId, Promise<void>>();
  private readonly logs: WorkerLogs;
  private readonly host: JobHost;
  private listener: (report: WorkerReport) => void = () => {};
  private watching: Watching | null = null;

  constructor(private readonly options: KubernetesComputeOptions) {
    const { cluster, line, blobs, logger, clock } = options;
    this.logs = new WorkerLogs(cluster, blobs);
    this.host = {
      cluster,
      line,
      logs: this.logs,
      logger,
      report: (change) => this.listener({ ...change, at: clock().toISOString() }),
    };
  }

  async start(workload: Workload): Promise<void> {
    const { jobId } = workload;
    const start = this.starts.get(jobId) ?? this.bringUp(workload);
    this.starts.set(jobId, start);
    try {
      await start;
    } catch (error) {
      this.starts.delete(jobId);
      throw error;
    }
  }

  async halt(jobId: JobId): Promise<void> {
    await (await this.found(jobId))?.halt();
  }

  async callCompletionHook(jobId: JobId, body: string, signal: AbortSignal): Promise<HookResponse> {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new NoLiveWorker(`job ${jobId} has no workers`);
    return job.callCompletionHook(body, signal);
  }

  async stop(jobId: JobId, graceMs: number): Promise<void> {
    await (await this.found(jobId))?.stop(graceMs);
    this.jobs.delete(jobId);
    this.starts.delete(jobId);
  }

  /** Whoever listens leads: from here on the cluster is watched and workers are answered. */
  onReport(listener: (report: WorkerReport) => void): void {
    this.listener = listener;
    this.watching ??= this.watch();
  }

  async readLog(
    worker: { readonly apiName: ApiName; readonly jobId: JobId; readonly workerId: WorkerId },
    offset: number,
    bytesMax: number,
  ): Promise<LogChunk | null> {
    const names = [worker.apiName, worker.jobId, worker.workerId];
    if (!names.every((name) => NAME.test(name))) return null;
    // Asked before reading: what is written later is read by whoever asks again.
    const isOpen = (await this.options.cluster.job(worker.jobId)) !== null;
    const part = await this.logs.read(worker, offset, Math.min(bytesMax, LOG_CHUNK_BYTES_MAX));
    if (part === null)
      return isOpen ? { bytes: new Uint8Array(), nextOffset: offset, isOpen } : null;
    return { ...part, isOpen };
  }

  async list(): Promise<readonly JobId[]> {
    const { items } = await this.options.cluster.jobs();
    return items.flatMap((job) => ownerOf(job)?.jobId ?? []);
  }

  /** The pods go on: whoever leads next adopts them. */
  async close(): Promise<void> {
    for (const job of this.jobs.values()) job.close();
    this.jobs.clear();
    this.starts.clear();
    await this.watching?.close();
    this.watching = null;
  }

  private async bringUp(workload: Workload): Promise<void> {
    try {
      const job = await this.ensureJob(workload);
      const { name = '', uid = '' } = job.metadata ?? {};
      const configMap = configMapManifest(workload, this.options.pods, { name, uid });
      await this.options.cluster.createConfigMap(configMap);
    } catch (error) {
      if (!(error instanceof ClusterRefused) || !MANIFEST_REFUSALS.includes(error.status))
        throw error;
      this.refuse(workload, error);
    }
  }

  private async ensureJob(workload: Workload): Promise<V1Job> {
    const { cluster, pods } = this.options;
    const { jobId } = workload;
    const before = await cluster.job(jobId);
    if (before !== null && isBeingDeleted(before)) {
      throw new ClusterUnavailable(`the Job of ${jobId} is being deleted; its pods are ending`);
    }
    const job = before ?? (await cluster.createJob(jobManifest(workload, pods), jobId));
    // Before 1.29 the API server drops what it does not know.
    if (job.spec?.backoffLimitPerIndex === undefined) {
      await cluster.deleteJob(jobId);
      const problem = 'this cluster is too old: Jobs need backoffLimitPerIndex, of Kubernetes 1.29';
      throw new ClusterRefused(MANIFEST_REFUSALS[0] ?? 0, problem, { cause: null });
    }
    this.adopt(job, workload);
    return job;
  }

  /** The job as it is known here, or as whoever led before has left it in the cluster. */
  private async found(jobId: JobId): Promise<KubernetesJob | null> {
    const known = this.jobs.get(jobId);
    if (known !== undefined) return known;
    const job = await this.options.cluster.job(jobId);
    const owner = job === null ? null : ownerOf(job);
    if (job === null || owner === null) return null;
    const workers = job.spec?.completions ?? 0;
    return this.adopt(job, { ...owner, workers });
  }

  private adopt(
    job: V1Job,
    of: {
      readonly apiName: ApiName;
      readonly jobId: JobId;
      readonly workers: number;
    },
  ): KubernetesJob {
    const known = this.jobs.get(of.jobId);
    if (known !== undefined) return known; // Somebody else was faster.
    const { apiName, jobId, workers } = of;
    const firstRestart = firstRestartOf(job);
    const adopted = new KubernetesJob(this.host, {
      apiName,
      jobId,
      workers,
      firstRestart,
    });
    this.jobs.set(jobId, adopted);
    adopted.sayPending();
    adopted.seeJob(job, false);
    this.watching?.show(jobId, adopted);
    return adopted;
  }

  /** Kubernetes does not take the job as it is, and never will. */
  private refuse(workload: Workload, error: ClusterRefused): void {
    const { apiName, jobId, workers, firstRestart } = workload;
    const job =
      this.jobs.get(jobId) ??
      new KubernetesJob(this.host, { apiName, jobId, workers, firstRestart });
    this.jobs.set(jobId, job);
    job.failAll({ kind: 'worker.refused_by_cluster', message: error.message });
  }

  private watch(): Watching {
    return new Watching(this.options, (jobId) => this.jobs.get(jobId) ?? null);
  }
}

const isBeingDeleted = ({ metadata }: V1Job): boolean =>
  metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null;
