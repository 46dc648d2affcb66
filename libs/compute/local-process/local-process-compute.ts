import { join } from 'node:path';
import type { ApiName, JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import {
  type Compute,
  type HookResponse,
  type LogChunk,
  NoLiveWorker,
  type WorkerReport,
  type Workload,
} from '../compute.port.ts';
import type { FileRetention } from '../file-retention.ts';
import type { Runners } from '../runners.ts';
import { CodeFolders } from './code-folders.ts';
import { HandlerPorts } from './handler-ports.ts';
import { jobsWithFiles, logFileOf, removeJobFiles } from './job-folder.ts';
import { type JobHost, LocalJob } from './local-job.ts';
import { removeOldFiles } from './old-files.ts';
import { readLogBytes } from './read-log.ts';
import { WorkerPool } from './worker-pool.ts';
import type { WorkerCommand } from './worker-process.ts';
import { WorkerSlots } from './worker-slots.ts';

const LOG_CHUNK_BYTES_MAX = 1024 * 1024;
/** Ending all workers at once is worth a moment for their leases, and no more. */
const CLOSE_MS_MAX = 3000;
/** By the first time whoever has just taken over has started the jobs there are. */
const SWEEP_MS = 10 * 60_000;

export interface LocalProcessComputeOptions {
  /** Folder for handlers' code, job files and logs. */
  readonly dataDir: string;
  /** How many workers have a process at a time; further ones are pending. */
  readonly workersMax: number;
  /** How many idle worker processes wait for a job. */
  readonly warmWorkers: number;
  readonly worker: WorkerCommand;
  readonly runners: Runners;
  /** What every handler's environment starts from. */
  readonly handlerEnv: Readonly<Record<string, string>>;
  /** Where handlers run that came without code. */
  readonly workingFolder: string;
  readonly blobs: BlobStore;
  /** Keeps workers of a job from starting handler calls whoever has started them. */
  haltEverywhere(jobId: JobId): Promise<void>;
  readonly clock: Clock;
  readonly retention: FileRetention;
  /** How often old files are looked for while this leads. */
  readonly sweepMs?: number;
  /** Old files could not be removed; it is tried again later. */
  onSweepFailed?(error: unknown): void;
}

/**
 * Workers as processes of this machine, children of this one. When this process dies, the workers
 * see their IPC channels close and leave; when a worker dies, its handler is killed from here, and
 * when both die in the same instant, by the worker's guard.
 */
export class LocalProcessCompute implements Compute {
  private readonly jobs = new Map<JobId, LocalJob>();
  private readonly host: JobHost;
  private listener: (report: WorkerReport) => void = () => {};
  private sweeping: NodeJS.Timeout | null = null;

  constructor(private readonly options: LocalProcessComputeOptions) {
    const { dataDir, workersMax, warmWorkers, worker, blobs, clock } = options;
    const slots = new WorkerSlots(workersMax);
    const freeSlots = (): number => slots.freeCount;
    this.host = {
      ...options,
      codeFolders: new CodeFolders(join(dataDir, 'code'), blobs),
      slots,
      pool: new WorkerPool({ program: worker, warmCount: warmWorkers, freeSlots }),
      ports: new HandlerPorts(),
      report: (change) => this.listener({ ...change, at: clock().toISOString() }),
    };
  }

  async start(workload: Workload): Promise<void> {
    const { jobId } = workload;
    const job = this.jobs.get(jobId) ?? new LocalJob(this.host, workload);
    this.jobs.set(jobId, job);
    try {
      await job.started();
    } catch (error) {
      if (this.jobs.get(jobId) === job) this.jobs.delete(jobId);
      throw error;
    }
  }

  async halt(jobId: JobId): Promise<void> {
    const job = this.jobs.get(jobId);
    const mayHaveOthers = job?.isFirstHere !== true;
    await Promise.all([job?.halt(), mayHaveOthers && this.options.haltEverywhere(jobId)]);
  }

  async callCompletionHook(jobId: JobId, body: string, signal: AbortSignal): Promise<HookResponse> {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new NoLiveWorker(`job ${jobId} has no workers`);
    return job.callCompletionHook(body, signal);
  }

  async stop(jobId: JobId, graceMs: number): Promise<void> {
    const job = this.jobs.get(jobId);
    if (job === undefined) return removeJobFiles(this.options.dataDir, jobId); // Of an earlier scheduler.
    await job.stop(graceMs);
    this.jobs.delete(jobId);
  }

  onReport(listener: (report: WorkerReport) => void): void {
    this.listener = listener;
    // Whoever listens leads; a standby needs no workers, and knows of no file whether it is in use.
    this.host.pool.fill();
    this.sweeping ??= setInterval(
      () => void this.sweep(),
      this.options.sweepMs ?? SWEEP_MS,
    ).unref();
  }

  async readLog(
    worker: { readonly apiName: ApiName; readonly jobId: JobId; readonly workerId: WorkerId },
    offset: number,
    bytesMax: number,
  ): Promise<LogChunk | null> {
    const file = logFileOf(this.options.dataDir, worker);
    if (file === null) return null;
    // Asked before reading: what is written later is read by whoever asks again.
    const isOpen = this.jobs.get(worker.jobId)?.hasOpenLog(worker.workerId) ?? false;
    const piece = await readLogBytes(file, offset, Math.min(bytesMax, LOG_CHUNK_BYTES_MAX));
    if (piece === null)
      return isOpen ? { bytes: new Uint8Array(), nextOffset: offset, isOpen } : null;
    return { ...piece, isOpen };
  }

  async list(): Promise<readonly JobId[]> {
    const withFiles = await jobsWithFiles(this.options.dataDir);
    return [...new Set([...this.jobs.keys(), ...withFiles])];
  }

  async close(): Promise<void> {
    if (this.sweeping !== null) clearInterval(this.sweeping);
    this.sweeping = null; // It may come to lead again.
    const stops = [...this.jobs.values()].map((job) => job.leave(CLOSE_MS_MAX));
    this.jobs.clear();
    await Promise.all(stops);
    await this.host.pool.close();
  }

  private async sweep(): Promise<void> {
    const { dataDir, retention } = this.options;
    const codeFolders = new Set([...this.jobs.values()].map((job) => job.codeFolderInUse));
    try {
      await removeOldFiles(dataDir, retention, { jobs: new Set(this.jobs.keys()), codeFolders });
    } catch (error) {
      this.options.onSweepFailed?.(error);
    }
  }
}
