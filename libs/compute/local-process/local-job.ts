import type { Reason } from '#libs/domain/job/job.events.ts';
import { type WorkerId, workerId } from '#libs/domain/kernel/ids.ts';
import { invariant } from '#libs/domain/kernel/errors.ts';
import {
  type HookResponse,
  NoLiveWorker,
  type WorkerReport,
  type Workload,
} from '../compute.port.ts';
import { CodeUnusable } from '../code-archive.ts';
import type { Runners } from '../runners.ts';
import type { WorkerAssignment } from '../worker-protocol.ts';
import type { CodeFolders } from './code-folders.ts';
import { containerAssignments } from './container-assignments.ts';
import { type JobFiles, logFileOf, removeJobFiles, writeJobFiles } from './job-folder.ts';
import { LocalWorker, type WorkerChange, type WorkerHost } from './local-worker.ts';

/** What jobs are run with. */
export interface JobHost extends WorkerHost {
  readonly dataDir: string;
  readonly codeFolders: CodeFolders;
  readonly runners: Runners;
  readonly handlerEnv: Readonly<Record<string, string>>;
  /** Where handlers run that came without code. */
  readonly workingFolder: string;
  report(change: Omit<WorkerReport, 'at'>): void;
}

/** The workers of one job. */
export class LocalJob {
  private readonly workers: readonly LocalWorker[];
  private readonly starting: Promise<void>;
  private files: JobFiles | null = null;
  private codeFolder: string;
  private isHalted = false;
  private stopping: Promise<void> | null = null;

  constructor(
    private readonly host: JobHost,
    private readonly workload: Workload,
  ) {
    this.codeFolder = host.workingFolder;
    this.workers = Array.from({ length: workload.workers }, (_, ordinal) =>
      this.newWorker(workerId(ordinal)),
    );
    this.starting = this.start();
  }

  /** Resolves when the workers are on their way. Rejects when that may work later. */
  started(): Promise<void> {
    return this.starting;
  }

  /** Otherwise workers of an earlier scheduler may go on, one that is paused and cannot say so. */
  get isFirstHere(): boolean {
    return this.workload.firstRestart === 0;
  }

  async halt(): Promise<void> {
    this.isHalted = true;
    await Promise.all(this.workers.map((worker) => worker.halt()));
  }

  /** The job has ended. */
  stop(graceMs: number): Promise<void> {
    this.isHalted = true;
    this.stopping ??= this.end(graceMs).catch((error: unknown) => {
      this.stopping = null; // What could not be removed is tried again by whoever asks again.
      throw error;
    });
    return this.stopping;
  }

  /**
   * Ends the workers of a job that may go on under another scheduler, whose handlers may be reading
   * the job's files by now: so these stay.
   */
  leave(leaveMsMax: number): Promise<void> {
    this.isHalted = true;
    this.stopping ??= this.endWorkers(0, leaveMsMax);
    return this.stopping;
  }

  async callCompletionHook(body: string, signal: AbortSignal): Promise<HookResponse> {
    const worker = this.workers.find((each) => each.isRunning);
    if (worker === undefined)
      throw new NoLiveWorker(`job ${this.workload.jobId} has no running worker`);
    return worker.callHook(body, signal);
  }

  hasOpenLog(id: WorkerId): boolean {
    return this.workers.some((worker) => worker.workerId === id && worker.isOpen);
  }

  /** Folder that its handlers run in. */
  get codeFolderInUse(): string {
    return this.codeFolder;
  }

  private async start(): Promise<void> {
    const { codeKey } = this.workload;
    try {
      this.files = await writeJobFiles(this.host.dataDir, this.workload);
      if (codeKey !== null) this.codeFolder = await this.host.codeFolders.folderOf(codeKey);
    } catch (error) {
      if (!(error instanceof CodeUnusable)) throw error;
      const reason: Reason = { kind: 'worker.code_unusable', message: error.message };
      for (const worker of this.workers) worker.failAtOnce(reason);
      return;
    }
    if (this.isHalted) return;
    for (const worker of this.workers) worker.begin();
  }

  private async end(graceMs: number): Promise<void> {
    await this.endWorkers(graceMs);
    if (this.files !== null) await removeJobFiles(this.host.dataDir, this.workload.jobId);
  }

  private async endWorkers(graceMs: number, leaveMsMax?: number): Promise<void> {
    await this.starting.catch(() => {}); // Whoever started the job was told.
    await Promise.all(this.workers.map((worker) => worker.stop(graceMs, leaveMsMax)));
  }

  private newWorker(id: WorkerId): LocalWorker {
    const { jobId, apiName, firstRestart } = this.workload;
    return new LocalWorker(this.host, {
      jobId,
      workerId: id,
      firstRestart,
      assignment: (restart, handlerPort) => this.assignment(id, restart, handlerPort),
      onChange: (change: WorkerChange) =>
        this.host.report({ apiName, jobId, workerId: id, ...change }),
    });
  }

  private assignment(id: WorkerId, restart: number, handlerPort: number): WorkerAssignment {
    const { apiName, jobId, spec, traceparent, deadLetterQueue } = this.workload;
    const { files, host } = this;
    const logFile = logFileOf(host.dataDir, { apiName, jobId, workerId: id });
    invariant(
      files !== null && logFile !== null,
      'a worker is assigned after its job has been set up',
    );
    const place = {
      files,
      folder: this.codeFolder,
      port: handlerPort,
      env: host.handlerEnv,
      runners: host.runners,
    };
    return {
      apiName,
      jobId,
      workerId: id,
      restart,
      containers: containerAssignments(spec, place),
      handlerPort,
      logFile,
      traceparent,
      deadLetterQueue,
    };
  }
}
